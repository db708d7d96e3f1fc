package io.whimbrel.system.chaos;

import io.whimbrel.system.Part;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A web server or a gateway, with ports that outlive its process. */
final class Service implements Breakable {
    private final String name;
    private final String command;
    private final int port;
    private final int adminPort;
    private final List<String> arguments;
    private final Optional<Path> planted;
    private final StringBuilder formerLogs = new StringBuilder();
    private @Nullable Part process;

    /** @param planted classes that take the place of its own */
    Service(String name, String command, Optional<Path> planted) {
        this.name = name;
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

    String name() {
        return name;
    }

    int port() {
        return port;
    }

    int adminPort() {
        return adminPort;
    }

    void awaitReadiness() {
        required().awaitReadiness(200);
    }

    @Override
    public synchronized void start() throws IOException {
        if (process != null) {
            formerLogs.append(process.log()).append("\n---- killed, started again\n");
        }
        String[] all = arguments.toArray(String[]::new);
        process = planted.isPresent() ? Part.startWith(planted.get(), command, all) : Part.start(command, all);
    }

    @Override
    public synchronized void kill() throws InterruptedException {
        required().kill();
    }

    @Override
    public synchronized void signal(String signal) throws IOException, InterruptedException {
        required().signal(signal);
    }

    @Override
    public synchronized boolean isAlive() {
        return required().isAlive();
    }

    @Override
    public synchronized String log() {
        return formerLogs + required().log();
    }

    private synchronized Part required() {
        if (process == null) {
            throw new IllegalStateException(name + " was never started");
        }
        return process;
    }

    @Override
    public synchronized void close() throws InterruptedException {
        if (process != null) {
            process.close();
        }
    }
}
