package io.whimbrel.auth;

import java.time.Duration;

/**
 * How a gateway asks the web server about tokens.
 *
 * @param url setting {@code gateway.auth.url}, with {@code {token}} where the token goes
 * @param timeout setting {@code gateway.auth.timeout}: for one whole question, waiting included
 * @param maxInFlight setting {@code gateway.auth.max-in-flight}: requests, and so connections, at the same time
 * @param maxWaiting setting {@code gateway.auth.max-waiting}: questions that wait for one of those
 * @param maxTopics setting {@code auth.topics.max}: topics an answer may name
 * @param trustFile setting {@code gateway.auth.trust}: PEM file with the certificates of those who may have signed the web
 *     server's; empty for those the JDK trusts
 */
public record WebServerSettings(
        String url, Duration timeout, int maxInFlight, int maxWaiting, int maxTopics, String trustFile) {
    public static final String DEFAULT_URL = "http://localhost:5000/auth/{token}";
    public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(5);
    public static final int DEFAULT_MAX_IN_FLIGHT = 256;
    public static final int DEFAULT_MAX_WAITING = 10_000;

    static final String TRUST = "gateway.auth.trust";
    static final String PLACEHOLDER = "{token}";

    private static final Duration MIN_TIMEOUT = Duration.ofMillis(10);
    private static final Duration MAX_TIMEOUT = Duration.ofMinutes(1);

    public WebServerSettings {
        int place = url.indexOf(PLACEHOLDER);
        if (place < 0 || place != url.lastIndexOf(PLACEHOLDER)) {
            throw new IllegalArgumentException(
                    "gateway.auth.url is '%s'; it must hold %s once".formatted(url, PLACEHOLDER));
        }
        HttpAddress.require("gateway.auth.url", url.replace(PLACEHOLDER, "x"));
        int hostEnds = url.indexOf('/', url.indexOf("://") + 3);
        if (hostEnds < 0 || place < hostEnds || url.lastIndexOf('#', place) >= 0) {
            throw new IllegalArgumentException(
                    "gateway.auth.url is '%s'; %s must stand in its path or query".formatted(url, PLACEHOLDER));
        }
        if (timeout.compareTo(MIN_TIMEOUT) < 0 || timeout.compareTo(MAX_TIMEOUT) > 0) {
            throw new IllegalArgumentException(
                    "gateway.auth.timeout is %s; it may be %s to %s".formatted(timeout, MIN_TIMEOUT, MAX_TIMEOUT));
        }
        requireBetween(1, maxInFlight, 10_000, "gateway.auth.max-in-flight");
        requireBetween(0, maxWaiting, 1_000_000, "gateway.auth.max-waiting");
        TopicsClaim.requireCount(maxTopics);
    }

    public static WebServerSettings withDefaults(String url) {
        return new WebServerSettings(
                url, DEFAULT_TIMEOUT, DEFAULT_MAX_IN_FLIGHT, DEFAULT_MAX_WAITING, TopicsClaim.DEFAULT_MAX_TOPICS, "");
    }

    private static void requireBetween(int low, int value, int high, String setting) {
        if (value < low || value > high) {
            throw new IllegalArgumentException("%s is %d; it may be %d to %d".formatted(setting, value, low, high));
        }
    }
}
