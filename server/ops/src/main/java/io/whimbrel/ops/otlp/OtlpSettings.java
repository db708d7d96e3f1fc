package io.whimbrel.ops.otlp;

import java.net.URI;
import java.net.http.HttpRequest;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Where spans go, and of which messages.
 *
 * @param endpoint takes OTLP over HTTP, mostly below {@code /v1/traces}
 * @param headers go with every request; secret
 * @param sample the share, 0 to 1, of the messages without a trace of their own that get one
 * @param maxSpans how many may be under way or wait for the receiver; further ones are not recorded
 */
public record OtlpSettings(URI endpoint, Map<String, String> headers, double sample, int maxSpans) {
    public static final int DEFAULT_MAX_SPANS = 8_192;

    private static final int MOST_SPANS = 1_000_000;

    public OtlpSettings {
        requireAddress(endpoint);
        headers = Map.copyOf(headers);
        headers.forEach(OtlpSettings::requireHeader);
        if (!(sample >= 0 && sample <= 1)) {
            throw new IllegalArgumentException("otlp.sample is %s, but must be a share, 0 to 1".formatted(sample));
        }
        if (maxSpans < 1 || maxSpans > MOST_SPANS) {
            throw new IllegalArgumentException(
                    "otlp.max-spans is %d, but must be 1 to %d".formatted(maxSpans, MOST_SPANS));
        }
    }

    /**
     * Reads what an operator wrote.
     *
     * @param headers each {@code name=value}
     */
    public static OtlpSettings of(String endpoint, List<String> headers, double sample, int maxSpans) {
        Map<String, String> named = new LinkedHashMap<>();
        for (String header : headers) {
            int equals = header.indexOf('=');
            if (equals < 1) {
                throw new IllegalArgumentException("otlp.headers is (hidden), but must be a list of name=value");
            }
            named.put(
                    header.substring(0, equals).strip(),
                    header.substring(equals + 1).strip());
        }
        return new OtlpSettings(address(endpoint), named, sample, maxSpans);
    }

    private static URI address(String text) {
        try {
            return URI.create(text);
        } catch (IllegalArgumentException _) {
            throw new IllegalArgumentException("otlp.endpoint is no address"); // it may hold a password
        }
    }

    private static void requireAddress(URI endpoint) {
        if (endpoint.getRawUserInfo() != null) {
            throw new IllegalArgumentException(
                    "otlp.endpoint may not hold a user name or password; otlp.headers takes secrets");
        }
        boolean http = "http".equalsIgnoreCase(endpoint.getScheme()) || "https".equalsIgnoreCase(endpoint.getScheme());
        if (!http || endpoint.getHost() == null || endpoint.getPort() > 65_535) {
            throw new IllegalArgumentException(
                    "otlp.endpoint is '%s'; it must begin with http:// or https:// and a host".formatted(endpoint));
        }
        if (endpoint.getRawPath().length() < 2) {
            throw new IllegalArgumentException(
                    "otlp.endpoint is '%s', without a path; most collectors take spans at http://host:4318/v1/traces"
                            .formatted(endpoint));
        }
    }

    /** The JDK's HTTP client, which will send it, knows best what it refuses. */
    private static void requireHeader(String name, String value) {
        try {
            HttpRequest.newBuilder().header(name, value);
        } catch (IllegalArgumentException _) {
            throw new IllegalArgumentException("otlp.headers is (hidden), but holds something that is no HTTP header");
        }
    }

    @Override
    public String toString() {
        return "OtlpSettings[%s, %d headers, sample %s, max spans %d]"
                .formatted(endpoint, headers.size(), sample, maxSpans);
    }
}
