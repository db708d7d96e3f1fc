package io.whimbrel.web;

import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.List;

/**
 * What the web server can be told. Made from a {@link Draft}, which holds the defaults; a value out of range is refused
 * with a sentence that names the setting.
 *
 * @param corsOrigins origins whose pages may read answers; {@code *} alone admits all
 * @param apiKeys secrets of backends that may publish for anybody
 * @param tokenRatePerSecond requests for tokens per source; 0 for no limit
 * @param gatewayUrl what the page connects to; empty for the page's own host and the gateway's port
 * @param redisPlainChannel where publications are also sent in the original system's form; empty for nowhere
 * @param maxWaitingReceipts publishers that may wait for a receipt at the same time
 * @param idempotencyTime for how long the answer to a publication with an idempotency key is remembered
 * @param publishTimeout how long the broker may take before the publisher is told to try again
 * @param requestTimeout how long a request may take to arrive and be answered
 * @param idleTimeout how long a connection may stay without a request
 * @param drainTimeout how long requests in flight may take to end when the server stops
 */
public record WebSettings(
        String host,
        int port,
        List<String> corsOrigins,
        List<String> apiKeys,
        int ratePerSecond,
        int rateBurst,
        int tokenRatePerSecond,
        int tokenRateBurst,
        int maxBodyBytes,
        String gatewayUrl,
        String redisPlainChannel,
        Duration idempotencyTime,
        int maxWaitingReceipts,
        Duration publishTimeout,
        Duration requestTimeout,
        Duration idleTimeout,
        int maxConnections,
        Duration drainTimeout,
        TraceSettings traces) {
    private static final int MAX_RATE = 1_000_000;
    private static final int MAX_BODY_BYTES = 16 * 1024 * 1024;
    private static final int MAX_CONNECTIONS = 1_000_000;
    private static final Duration SHORTEST_TIMEOUT = Duration.ofMillis(1);
    private static final Duration LONGEST_TIMEOUT = Duration.ofHours(1);
    private static final Duration SHORTEST_MEMORY = Duration.ofSeconds(1);
    private static final Duration LONGEST_MEMORY = Duration.ofDays(1);

    public WebSettings {
        corsOrigins = List.copyOf(corsOrigins);
        apiKeys = List.copyOf(apiKeys);
        require(!host.isBlank(), "web.host", host, "a host name or an address of this machine");
        requireRange("web.port", port, 0, 65_535);
        requireOrigins(corsOrigins);
        requireApiKeys(apiKeys);
        requireRange("web.rate.per-second", ratePerSecond, 1, MAX_RATE);
        requireRange("web.rate.burst", rateBurst, 1, MAX_RATE);
        requireRange("web.token.rate.per-second", tokenRatePerSecond, 0, MAX_RATE);
        requireRange("web.token.rate.burst", tokenRateBurst, 1, MAX_RATE);
        requireRange("web.max-body-bytes", maxBodyBytes, 1, MAX_BODY_BYTES);
        require(
                gatewayUrl.isEmpty() || isWebSocketUrl(gatewayUrl),
                "web.gateway.url",
                gatewayUrl,
                "a ws:// or wss:// URL, or empty for the page's own host");
        requireRange("web.receipts.max-waiting", maxWaitingReceipts, 1, 1_000_000);
        requireDuration("web.idempotency.time", idempotencyTime, SHORTEST_MEMORY, LONGEST_MEMORY, "1 second to 1 day");
        requireTimeout("web.publish.timeout", publishTimeout);
        requireTimeout("web.request.timeout", requestTimeout);
        requireTimeout("web.idle.timeout", idleTimeout);
        requireRange("web.max-connections", maxConnections, 1, MAX_CONNECTIONS);
        require(
                !drainTimeout.isNegative() && drainTimeout.compareTo(LONGEST_TIMEOUT) <= 0,
                "web.drain.timeout",
                drainTimeout,
                "0 to 1 hour");
    }

    /** The defaults, to be changed and then {@link Draft#settled() settled}. */
    public static Draft draft() {
        return new Draft();
    }

    /** Without the API keys, so that they cannot slip into a log. */
    @Override
    public String toString() {
        return "WebSettings[%s:%d, origins %s, %d API keys, %d/s burst %d, %d bytes]"
                .formatted(host, port, corsOrigins, apiKeys.size(), ratePerSecond, rateBurst, maxBodyBytes);
    }

    private static void requireOrigins(List<String> origins) {
        String range = "* alone, or origins such as https://example.org";
        require(!origins.isEmpty(), "web.cors.origins", origins, range);
        boolean any = origins.equals(List.of(Cors.ANY));
        for (String origin : origins) {
            require(any || isOrigin(origin), "web.cors.origins", origin, range);
        }
    }

    private static void requireApiKeys(List<String> keys) {
        for (String key : keys) {
            boolean sendable = !key.isEmpty() && key.chars().allMatch(c -> c > ' ' && c < 127);
            require(sendable, "web.api-keys", "(hidden)", "visible ASCII characters without spaces, at least one");
        }
    }

    private static boolean isOrigin(String text) {
        try {
            URI uri = new URI(text);
            return uri.getScheme() != null
                    && uri.getHost() != null
                    && text.equals(uri.getScheme() + "://" + uri.getRawAuthority())
                    && uri.getRawUserInfo() == null;
        } catch (URISyntaxException _) {
            return false; // said by the caller, with the setting's name
        }
    }

    private static boolean isWebSocketUrl(String text) {
        try {
            URI uri = new URI(text);
            return ("ws".equals(uri.getScheme()) || "wss".equals(uri.getScheme()))
                    && uri.getHost() != null
                    && uri.getRawFragment() == null;
        } catch (URISyntaxException _) {
            return false; // said by the caller, with the setting's name
        }
    }

    private static void requireRange(String name, int value, int least, int most) {
        require(value >= least && value <= most, name, value, least + " to " + most);
    }

    private static void requireTimeout(String name, Duration value) {
        requireDuration(name, value, SHORTEST_TIMEOUT, LONGEST_TIMEOUT, "1 millisecond to 1 hour");
    }

    private static void requireDuration(String name, Duration value, Duration least, Duration most, String range) {
        require(value.compareTo(least) >= 0 && value.compareTo(most) <= 0, name, value, range);
    }

    private static void require(boolean fits, String name, Object value, String range) {
        if (!fits) {
            throw new IllegalArgumentException("%s is \"%s\", but must be %s".formatted(name, value, range));
        }
    }

    /** Settings on their way: one field per setting, holding its default until it is changed. Not for sharing. */
    public static final class Draft {
        /** {@code web.host} */
        public String host = "0.0.0.0";
        /** {@code web.port}; 0 takes a free one. */
        public int port = 5000;
        /** {@code web.cors.origins} */
        public List<String> corsOrigins = List.of(Cors.ANY);
        /** {@code web.api-keys} */
        public List<String> apiKeys = List.of();
        /** {@code web.rate.per-second} */
        public int ratePerSecond = 50;
        /** {@code web.rate.burst} */
        public int rateBurst = 100;
        /** {@code web.token.rate.per-second} */
        public int tokenRatePerSecond = 0;
        /** {@code web.token.rate.burst} */
        public int tokenRateBurst = 20;
        /** {@code web.max-body-bytes} */
        public int maxBodyBytes = 64 * 1024;
        /** {@code web.gateway.url} */
        public String gatewayUrl = "";
        /** {@code web.redis.plain-channel} */
        public String redisPlainChannel = "";
        /** {@code web.receipts.max-waiting} */
        public int maxWaitingReceipts = 10_000;
        /** {@code web.idempotency.time} */
        public Duration idempotencyTime = Duration.ofMinutes(5);
        /** {@code web.publish.timeout} */
        public Duration publishTimeout = Duration.ofSeconds(3);
        /** {@code web.request.timeout} */
        public Duration requestTimeout = Duration.ofSeconds(10);
        /** {@code web.idle.timeout} */
        public Duration idleTimeout = Duration.ofSeconds(60);
        /** {@code web.max-connections} */
        public int maxConnections = 10_000;
        /** {@code web.drain.timeout} */
        public Duration drainTimeout = Duration.ofSeconds(2);

        /** {@code trace.*} */
        public TraceSettings traces = TraceSettings.DEFAULT;

        private Draft() {}

        /** Checked and immutable. */
        public WebSettings settled() {
            return new WebSettings(
                    host,
                    port,
                    corsOrigins,
                    apiKeys,
                    ratePerSecond,
                    rateBurst,
                    tokenRatePerSecond,
                    tokenRateBurst,
                    maxBodyBytes,
                    gatewayUrl,
                    redisPlainChannel,
                    idempotencyTime,
                    maxWaitingReceipts,
                    publishTimeout,
                    requestTimeout,
                    idleTimeout,
                    maxConnections,
                    drainTimeout,
                    traces);
        }
    }
}
