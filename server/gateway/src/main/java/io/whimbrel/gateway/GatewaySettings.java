package io.whimbrel.gateway;

import java.time.Duration;
import java.util.Set;

/**
 * How a gateway behaves. Names and defaults are those of {@code docs/operating.md}.
 *
 * @param host the address to listen on
 * @param port 0 takes a free one
 * @param origins the {@code Origin}s whose pages may connect; empty for any. Programs that send none always may
 * @param compression whether permessage-deflate is accepted; costs CPU and saves bandwidth
 * @param plainChannel the Redis channel of the original system's records; empty to listen to none
 */
public record GatewaySettings(
        String host,
        int port,
        Set<String> origins,
        boolean compression,
        String plainChannel,
        Timing timing,
        Limits limits) {

    public static final int DEFAULT_PORT = 7071;

    public GatewaySettings {
        origins = Set.copyOf(origins);
        require(port >= 0 && port <= 65535, "gateway.port", port, "0 to 65535");
    }

    public static GatewaySettings defaults() {
        return new GatewaySettings(
                "0.0.0.0", DEFAULT_PORT, Set.of(), false, "article", Timing.defaults(), Limits.defaults());
    }

    public GatewaySettings withHostAndPort(String newHost, int newPort) {
        return new GatewaySettings(newHost, newPort, origins, compression, plainChannel, timing, limits);
    }

    public GatewaySettings withTiming(Timing newTiming) {
        return new GatewaySettings(host, port, origins, compression, plainChannel, newTiming, limits);
    }

    public GatewaySettings withLimits(Limits newLimits) {
        return new GatewaySettings(host, port, origins, compression, plainChannel, timing, newLimits);
    }

    public GatewaySettings withOrigins(Set<String> newOrigins) {
        return new GatewaySettings(host, port, newOrigins, compression, plainChannel, timing, limits);
    }

    public GatewaySettings withCompression(boolean newCompression) {
        return new GatewaySettings(host, port, origins, newCompression, plainChannel, timing, limits);
    }

    /**
     * How long things may take.
     *
     * @param handshake until the request is complete; the token's check has a time of its own
     * @param pingInterval between two pings; the first comes at random within it
     * @param pongTimeout how long a client may be silent after a ping
     * @param close how long a client may take to answer a Close frame
     * @param drain over which time the goodbyes are spread when the gateway stops
     */
    public record Timing(
            Duration handshake, Duration pingInterval, Duration pongTimeout, Duration close, Duration drain) {
        public Timing {
            requirePositive(handshake, "gateway.handshake.timeout");
            requirePositive(pingInterval, "gateway.ping.interval");
            requirePositive(pongTimeout, "gateway.ping.timeout");
            requirePositive(close, "gateway.close.timeout");
            require(!drain.isNegative(), "gateway.drain.seconds", drain.toSeconds(), "0 or more");
            require(
                    pongTimeout.compareTo(pingInterval) < 0,
                    "gateway.ping.timeout",
                    pongTimeout,
                    "less than gateway.ping.interval, " + pingInterval);
        }

        public static Timing defaults() {
            return new Timing(
                    Duration.ofSeconds(10),
                    Duration.ofSeconds(25),
                    Duration.ofSeconds(8),
                    Duration.ofSeconds(5),
                    Duration.ofSeconds(30));
        }

        public Timing withDrain(Duration newDrain) {
            return new Timing(handshake, pingInterval, pongTimeout, close, newDrain);
        }
    }

    /**
     * How large things may grow.
     *
     * @param maxConnections in all, handshakes included; further ones are turned away with 503
     * @param maxMessageBytes of one message of a client
     * @param outboxMaxBytes waiting for one session; more closes it with 3008
     * @param inboxMaxBytes waiting for one event loop; more is dropped and counted
     * @param pongBacklogBytes waiting for a client that pings and does not read; then it is not read either
     */
    public record Limits(
            int maxConnections, int maxMessageBytes, int outboxMaxBytes, long inboxMaxBytes, int pongBacklogBytes) {
        public Limits {
            require(maxConnections > 0, "gateway.max-connections", maxConnections, "1 or more");
            require(maxMessageBytes > 0, "gateway.max-message-bytes", maxMessageBytes, "1 or more");
            require(outboxMaxBytes >= 1024, "gateway.outbox.max-bytes", outboxMaxBytes, "1024 or more");
            require(inboxMaxBytes >= 1024, "gateway.inbox.max-bytes", inboxMaxBytes, "1024 or more");
            require(pongBacklogBytes > 0, "gateway.pong-backlog.max-bytes", pongBacklogBytes, "1 or more");
        }

        public static Limits defaults() {
            return new Limits(1_000_000, 64 * 1024, 1024 * 1024, 64L * 1024 * 1024, 64 * 1024);
        }
    }

    private static void requirePositive(Duration value, String setting) {
        require(value.isPositive(), setting, value, "more than 0");
    }

    private static void require(boolean fits, String setting, Object value, String range) {
        if (!fits) {
            throw new IllegalArgumentException("%s is %s, but must be %s".formatted(setting, value, range));
        }
    }
}
