package io.whimbrel.system;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** {@code whimbrel up} on free ports, and what it says of itself. */
final class Up {
    private static final Pattern PAGE = Pattern.compile("page +http://localhost:(\\d+)/");
    private static final Pattern GATEWAY = Pattern.compile("gateway +ws://localhost:(\\d+)/ws");
    private static final Pattern REDIS_PID = Pattern.compile("listens on .*\\(pid (\\d+)\\)");

    private Up() {}

    static Part start(Path data, String... more) throws IOException {
        List<String> arguments =
                new ArrayList<>(List.of("--web.host=127.0.0.1", "--gateway.host=127.0.0.1", "--data=" + data));
        for (String port : List.of("web.port", "gateway.port", "web.admin.port", "gateway.admin.port", "redis.port")) {
            if (List.of(more).stream().noneMatch(argument -> argument.startsWith("--" + port))) {
                arguments.add("--" + port + "=0");
            }
        }
        arguments.addAll(List.of(more));
        return Part.start("up", arguments.toArray(String[]::new));
    }

    static int web(Part up) {
        return Integer.parseInt(up.awaitInLog(PAGE).group(1));
    }

    static int gateway(Part up) {
        return Integer.parseInt(up.awaitInLog(GATEWAY).group(1));
    }

    /** @param service {@code web server} or {@code gateway} */
    static int adminPort(Part up, String service) {
        return Integer.parseInt(up.awaitInLog(Pattern.compile(service + " on port \\d+, admin port (\\d+)"))
                .group(1));
    }

    /** The Redis this one started, where it still runs. */
    static Optional<ProcessHandle> redisOf(Part up) {
        long pid = Long.parseLong(up.awaitInLog(REDIS_PID).group(1));
        return ProcessHandle.of(pid).filter(ProcessHandle::isAlive);
    }
}
