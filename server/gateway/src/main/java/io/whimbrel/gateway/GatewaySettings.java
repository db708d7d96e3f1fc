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
 * @param outboxRules what happens to the frames of topics whose readers are too slow
 * @param plainChannel the Redis channel of the original system's records; empty to listen to none
 */
public record GatewaySettings(
        String host,
        int port,
        Set<String> origins,
        boolean compression,
        String plainChannel,
        OutboxRules outboxRules,
        Timing timing,
        Limits limits,
        Edge edge) {

    public static final int DEFAULT_PORT = 7071;

    public GatewaySettings {
        origins = Set.copyOf(origins);
        require(port >= 0 && port <= 65535, "gateway.port", port, "0 to 65535");
    }

    public static GatewaySettings defaults() {
        return new GatewaySettings(
                "0.0.0.0",
                DEFAULT_PORT,
                Set.of(),
                false,
                "article",
                OutboxRules.NONE,
                Timing.defaults(),
                Limits.defaults(),
                Edge.defaults());
    }

    public GatewaySettings withHostAndPort(String newHost, int newPort) {
        return new GatewaySettings(
                newHost, newPort, origins, compression, plainChannel, outboxRules, timing, limits, edge);
    }

    public GatewaySettings withTiming(Timing newTiming) {
        return new GatewaySettings(
                host, port, origins, compression, plainChannel, outboxRules, newTiming, limits, edge);
    }

    public GatewaySettings withLimits(Limits newLimits) {
        return new GatewaySettings(
                host, port, origins, compression, plainChannel, outboxRules, timing, newLimits, edge);
    }

    public GatewaySettings withOutboxRules(OutboxRules newRules) {
        return new GatewaySettings(host, port, origins, compression, plainChannel, newRules, timing, limits, edge);
    }

    public GatewaySettings withEdge(Edge newEdge) {
        return new GatewaySettings(
                host, port, origins, compression, plainChannel, outboxRules, timing, limits, newEdge);
    }

    public GatewaySettings withOrigins(Set<String> newOrigins) {
        return new GatewaySettings(
                host, port, newOrigins, compression, plainChannel, outboxRules, timing, limits, edge);
    }

    public GatewaySettings withCompression(boolean newCompression) {
        return new GatewaySettings(
                host, port, origins, newCompression, plainChannel, outboxRules, timing, limits, edge);
    }

    /**
     * How long things may take.
     *
     * @param handshake until the request is complete; the token's check has a time of its own
     * @param pingInterval between two pings; the first comes at random within it
     * @param pongTimeout how long a client may be silent after a ping
     * @param close how long a client may take to answer a Close frame
     * @param drain over which time the goodbyes are spread when the gateway stops
     * @param maxAge after about which time, a quarter more or less, a connection is sent away to come back; 0 for never
     * @param historyCheck between two looks at whether kept topics stand where the broker has them
     * @param topicLinger how long a topic that is no address stays subscribed after its last session
     */
    public record Timing(
            Duration handshake,
            Duration pingInterval,
            Duration pongTimeout,
            Duration close,
            Duration drain,
            Duration topicLinger,
            Duration maxAge,
            Duration historyCheck) {
        public Timing {
            requirePositive(historyCheck, "gateway.history.check");
            require(!maxAge.isNegative(), "gateway.connection.max-age", maxAge, "0 or more");
            requirePositive(handshake, "gateway.handshake.timeout");
            requirePositive(pingInterval, "gateway.ping.interval");
            requirePositive(pongTimeout, "gateway.ping.timeout");
            requirePositive(close, "gateway.close.timeout");
            require(!topicLinger.isNegative(), "gateway.topic.linger", topicLinger, "0 or more");
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
                    Duration.ofSeconds(30),
                    Duration.ofSeconds(5),
                    Duration.ZERO,
                    Duration.ofSeconds(40));
        }

        public Timing withHistoryCheck(Duration newCheck) {
            return new Timing(handshake, pingInterval, pongTimeout, close, drain, topicLinger, maxAge, newCheck);
        }

        public Timing withClose(Duration newClose) {
            return new Timing(handshake, pingInterval, pongTimeout, newClose, drain, topicLinger, maxAge, historyCheck);
        }

        public Timing withDrain(Duration newDrain) {
            return new Timing(handshake, pingInterval, pongTimeout, close, newDrain, topicLinger, maxAge, historyCheck);
        }
    }

    /**
     * How large things may grow.
     *
     * @param maxConnections in all, handshakes included; further ones are turned away with 503
     * @param maxMessageBytes of one message of a client
     * @param outboxMaxBytes waiting for one session; at more the rule of the topic decides
     * @param outboxMaxFrames the same for the number of publications
     * @param memoryMaxBytes that all outboxes hold together; see {@link MemoryBudget}
     * @param inboxMaxBytes waiting for one event loop; more is dropped and counted
     * @param pongBacklogBytes waiting for a client that pings and does not read; then it is not read either
     */
    public record Limits(
            int maxConnections,
            int maxMessageBytes,
            int outboxMaxBytes,
            int outboxMaxFrames,
            long memoryMaxBytes,
            long inboxMaxBytes,
            int pongBacklogBytes) {
        public Limits {
            require(maxConnections > 0, "gateway.max-connections", maxConnections, "1 or more");
            require(maxMessageBytes > 0, "gateway.max-message-bytes", maxMessageBytes, "1 or more");
            require(outboxMaxBytes >= 1024, "gateway.outbox.max-bytes", outboxMaxBytes, "1024 or more");
            require(outboxMaxFrames > 0, "gateway.outbox.max-frames", outboxMaxFrames, "1 or more");
            require(memoryMaxBytes >= 1024 * 1024, "gateway.memory.max-bytes", memoryMaxBytes, "1048576 or more");
            require(inboxMaxBytes >= 1024, "gateway.inbox.max-bytes", inboxMaxBytes, "1024 or more");
            require(pongBacklogBytes > 0, "gateway.pong-backlog.max-bytes", pongBacklogBytes, "1 or more");
        }

        public static Limits defaults() {
            return new Limits(
                    1_000_000, 64 * 1024, 1024 * 1024, 10_000, 256L * 1024 * 1024, 64L * 1024 * 1024, 64 * 1024);
        }
    }

    /**
     * How connections may come in. The limits count nothing where they are 0.
     *
     * @param proxyProtocol whether every connection begins with a PROXY header, version 1 or 2
     * @param maxHeaderBytes of a handshake's headers together
     * @param maxPerAddress connections of one client
     * @param maxPerSource connections from one IP address, or one /64 network of IPv6
     * @param handshakesPerSecond that are begun, all together
     * @param handshakeBurst how many may come at once after a pause
     */
    public record Edge(
            boolean proxyProtocol,
            int maxHeaderBytes,
            int maxPerAddress,
            int maxPerSource,
            int handshakesPerSecond,
            int handshakeBurst) {
        public Edge {
            require(maxHeaderBytes >= 1024, "gateway.handshake.max-header-bytes", maxHeaderBytes, "1024 or more");
            require(maxPerAddress >= 0, "gateway.max-connections-per-address", maxPerAddress, "0 or more");
            require(maxPerSource >= 0, "gateway.max-connections-per-source", maxPerSource, "0 or more");
            require(handshakesPerSecond >= 0, "gateway.handshake.rate.per-second", handshakesPerSecond, "0 or more");
            require(handshakeBurst > 0, "gateway.handshake.rate.burst", handshakeBurst, "1 or more");
        }

        public static Edge defaults() {
            return new Edge(false, 16 * 1024, 0, 0, 0, 1_000);
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
