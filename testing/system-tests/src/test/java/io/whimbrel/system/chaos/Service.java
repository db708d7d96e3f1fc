package io.whimbrel.system.chaos;

import io.whimbrel.system.Part;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A web server or a gateway, with ports that outlive its process. */
final class Service extends Breakable {
    private final String command;
    private final int port;
    private final int adminPort;
    private final List<String> arguments;
    private final Optional<Path> planted;

    /** @param planted classes that take the place of its own */
    Service(String name, String command, Optional<Path> planted) {
        super(name);
        this.command = command;
        this.planted = planted;
        port = FreePorts.next();
        adminPort = FreePorts.next();
        arguments = new ArrayList<>(List.of(
                "--%s.host=127.0.0.1".formatted(command),
                "--%s.port=%d".formatted(command, port),
                "--%s.admin.port=%d".formatted(command, adminPort)));
    }

    /** To be said before it starts. */
    Service with(List<String> settings) {
        arguments.addAll(settings);
        return this;
    }

    int port() {
        return port;
    }

    int adminPort() {
        return adminPort;
    }

    void awaitReadiness() {
        process().awaitReadiness(200);
    }

    @Override
    Part launch() throws IOException {
        String[] all = arguments.toArray(String[]::new);
        return planted.isPresent() ? Part.startWith(planted.get(), command, all) : Part.start(command, all);
    }

    @Override
    void end(Part last) throws InterruptedException {
        last.close(); // in order, or it is a failure
    }
}
