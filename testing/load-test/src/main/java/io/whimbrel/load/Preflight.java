package io.whimbrel.load;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Whether this process can do what is asked of it at all; said before anything is started. */
final class Preflight {
    /** Libraries, event loops, the results. */
    private static final int OTHER_DESCRIPTORS = 100;

    private static final Path LIMITS = Path.of("/proc/self/limits");
    private static final Path PORTS = Path.of("/proc/sys/net/ipv4/ip_local_port_range");

    private Preflight() {}

    /** Where there is no /proc it knows nothing and lets all pass. */
    static void check(BenchSettings settings) {
        try {
            if (Files.isReadable(LIMITS)) {
                checkDescriptors(settings, Files.readAllLines(LIMITS));
            }
            if (Files.isReadable(PORTS)) {
                checkPorts(settings, readAtOnce(PORTS));
            }
        } catch (IOException e) {
            throw new BenchException("The limits of this process cannot be read: " + e, e);
        }
        for (WatchedProcess process : settings.processes()) {
            if (ProcessHandle.of(process.pid()).isEmpty()) {
                throw new BenchException(
                        "There is no process %d: correct --pids %1$d (%s)".formatted(process.pid(), process.name()));
            }
        }
    }

    /** A file below /proc/sys has only one answer, and gives it to the first read. */
    private static String readAtOnce(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return new String(in.readNBytes(128), StandardCharsets.US_ASCII);
        }
    }

    /** @param limits the lines of /proc/self/limits */
    static void checkDescriptors(BenchSettings settings, List<String> limits) {
        int needed = connections(settings) + settings.load().publishers() + OTHER_DESCRIPTORS;
        limits.stream()
                .filter(line -> line.startsWith("Max open files"))
                .map(line -> line.substring("Max open files".length()).strip().split("\\s+")[0])
                .filter(limit -> !limit.equals("unlimited") && Long.parseLong(limit) < needed)
                .findFirst()
                .ifPresent(limit -> {
                    throw new BenchException(
                            ("This process may open %s files, but %d connections need %d: raise it with"
                                            + " ulimit -n, or ask for fewer --connections")
                                    .formatted(limit, connections(settings), needed));
                });
    }

    /** @param range the first and the last port that the system gives out */
    static void checkPorts(BenchSettings settings, String range) {
        String[] ends = range.strip().split("\\s+");
        if (ends.length != 2) {
            return; // a kernel that does not tell
        }
        long ports = Long.parseLong(ends[1]) - Long.parseLong(ends[0]) + 1;
        int sources = Math.max(1, settings.target().sourceAddresses().size());
        long room = ports * sources * settings.target().gateways().size();
        if (connections(settings) > room) {
            throw new BenchException(
                    "From %d source address(es) to %d gateway(s) there can be %d connections: name more --source-addresses, such as 127.0.0.2,127.0.0.3"
                            .formatted(sources, settings.target().gateways().size(), room));
        }
    }

    private static int connections(BenchSettings settings) {
        BenchSettings.Load load = settings.load();
        return load.connections()
                + switch (settings.scenario()) {
                    case STORM -> load.probes();
                    case SLOW -> load.stopped();
                    case CONNECT, FANOUT, UNICAST, JITTER, DEPLOY -> 0;
                };
    }
}
