package io.whimbrel.ops;

import java.nio.file.Path;
import java.time.Duration;

/**
 * With what a service proves to clients who it is.
 *
 * @param certificate setting {@code tls.certificate}: PEM file, the server's own certificate first, then those that lead
 *     to a root
 * @param key setting {@code tls.key}: PEM file with the private key; may be the same file
 * @param reloadInterval setting {@code tls.reload-interval}: how often the files are looked at for a change
 */
public record TlsSettings(Path certificate, Path key, Duration reloadInterval) {
    public static final Duration DEFAULT_RELOAD_INTERVAL = Duration.ofSeconds(10);

    static final String CERTIFICATE = "tls.certificate";
    static final String KEY = "tls.key";

    private static final Duration SHORTEST = Duration.ofMillis(10);
    private static final Duration LONGEST = Duration.ofDays(1);

    public TlsSettings {
        if (reloadInterval.compareTo(SHORTEST) < 0 || reloadInterval.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException(
                    "tls.reload-interval is %s; it may be 10 ms to 1 day".formatted(reloadInterval));
        }
    }
}
