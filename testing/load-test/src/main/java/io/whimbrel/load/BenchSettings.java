package io.whimbrel.load;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is measured, where and how. A wrong value is an {@link IllegalArgumentException} that names the option.
 *
 * @param loops threads that hold the connections; the first one also publishes
 * @param processes whose CPU time and memory are read from /proc
 */
public record BenchSettings(
        Scenario scenario,
        Target target,
        Load load,
        Times times,
        Breaks breaks,
        int loops,
        List<WatchedProcess> processes) {

    /** One address per connection and port: a larger number cannot be meant. */
    private static final int MAX_CONNECTIONS = 1_000_000;

    private static final int MAX_PUBLISHERS = 10_000;
    private static final int MAX_LOOPS = 1_024;
    private static final int MAX_SIZE_BYTES = 16 * 1024 * 1024;

    /** Quotes and stamp. */
    private static final int MIN_SIZE_BYTES = Stamp.BYTES + 3;

    public BenchSettings {
        processes = List.copyOf(processes);
        if (!target.topic().isEmpty() && !scenario.hasOneAddress()) {
            throw new IllegalArgumentException("--topic is for fanout and slow, but this is " + scenario.word());
        }
        check("--loops", loops, 1, MAX_LOOPS);
    }

    /**
     * Where the servers are, and as whom the bench comes.
     *
     * @param gateways connections are spread over them in turn
     * @param trust PEM certificates that are trusted with TLS; null: those of the JDK
     * @param sourceAddresses local addresses that connections are bound to in turn; empty: the system chooses
     * @param tokens file with one token a line; null: {@code GET /token} gives them
     * @param apiKey publishes; empty: tokens do
     * @param topic is published to, and named by the tokens; empty: addresses are published to
     */
    public record Target(
            Endpoint web,
            List<Endpoint> gateways,
            @Nullable Path trust,
            List<String> sourceAddresses,
            @Nullable Path tokens,
            String apiKey,
            String topic) {
        public Target {
            gateways = List.copyOf(gateways);
            sourceAddresses = List.copyOf(sourceAddresses);
            if (gateways.isEmpty()) {
                throw new IllegalArgumentException("--gateway names no gateway");
            }
            if (!apiKey.chars().allMatch(c -> c > ' ' && c < 127)) {
                throw new IllegalArgumentException("--api-key must be visible ASCII without spaces");
            }
            if (!topic.chars().allMatch(c -> c > ' ' && c < 127 && c != '"' && c != '\\')) {
                throw new IllegalArgumentException("--topic must be visible ASCII without spaces, quotes, backslashes");
            }
            if (!topic.isEmpty() && (apiKey.isEmpty() || tokens == null)) {
                throw new IllegalArgumentException(
                        "--topic also needs --api-key-file to publish, and --tokens that name it");
            }
        }

        /** Without the key, which is a secret. */
        @Override
        public String toString() {
            return "Target[" + web.authority() + ", " + gateways + "]";
        }
    }

    /**
     * How much.
     *
     * @param handshakes connections that are being opened at the same time
     * @param publishers keep-alive connections to the web server
     * @param inFlight publications whose deliveries may be outstanding, where there is no fixed rate
     * @param rate publications a second; 0: as fast as {@code inFlight} allows
     * @param sizeBytes of {@code message}, quotes included
     * @param probes quick sessions beside a storm
     * @param stopped connections that read nothing, beside the others of {@code slow}
     */
    public record Load(
            int connections,
            int handshakes,
            int publishers,
            int inFlight,
            double rate,
            int sizeBytes,
            int probes,
            int stopped) {
        public Load {
            check("--connections", connections, 1, MAX_CONNECTIONS);
            check("--handshakes", handshakes, 1, MAX_CONNECTIONS);
            check("--publishers", publishers, 1, MAX_PUBLISHERS);
            check("--in-flight", inFlight, 1, MAX_CONNECTIONS);
            check("--size", sizeBytes, MIN_SIZE_BYTES, MAX_SIZE_BYTES);
            check("--probes", probes, 0, MAX_CONNECTIONS);
            check("--stopped", stopped, 0, MAX_CONNECTIONS);
            if (!(rate >= 0 && rate <= 10_000_000)) {
                throw new IllegalArgumentException("--rate is %s, but must be 0 to 10000000".formatted(rate));
            }
        }
    }

    /**
     * How long.
     *
     * @param warmUp not measured
     * @param duration measured
     * @param drain what is under way at the end may take so long
     */
    public record Times(Duration warmUp, Duration duration, Duration drain) {
        public Times {
            check("--warm-up", warmUp.toMillis(), 0, Duration.ofDays(1).toMillis());
            check("--duration", duration.toMillis(), 100, Duration.ofDays(7).toMillis());
            check("--drain", drain.toMillis(), 0, Duration.ofHours(1).toMillis());
        }
    }

    /**
     * What is broken on purpose.
     *
     * @param cutEvery how long a client of {@code jitter} stays connected, on the average
     * @param away how long it stays away then
     * @param command restarts a gateway in {@code deploy}; <code>{i}</code> counts from 0; empty: somebody else does it
     * @param restarts how often the command is run
     */
    public record Breaks(Duration cutEvery, Duration away, String command, int restarts) {
        public Breaks {
            check("--cut-every", cutEvery.toMillis(), 100, Duration.ofDays(1).toMillis());
            check("--away", away.toMillis(), 1, Duration.ofDays(1).toMillis());
            check("--restarts", restarts, 1, 10_000);
        }
    }

    private static void check(String option, long value, long least, long most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException("%s is %d, but must be %d to %d".formatted(option, value, least, most));
        }
    }
}
