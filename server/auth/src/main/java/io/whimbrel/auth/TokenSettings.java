package io.whimbrel.auth;

import java.time.Duration;

/**
 * How tokens are issued.
 *
 * @param lifetime setting {@code auth.token.lifetime}, in whole seconds
 */
public record TokenSettings(KeySource.SigningKey key, Duration lifetime) {
    public static final Duration DEFAULT_LIFETIME = Duration.ofHours(24);
    public static final Duration MIN_LIFETIME = Duration.ofSeconds(1);
    public static final Duration MAX_LIFETIME = Duration.ofDays(3650);

    public TokenSettings {
        if (lifetime.compareTo(MIN_LIFETIME) < 0 || lifetime.compareTo(MAX_LIFETIME) > 0) {
            throw new IllegalArgumentException(
                    "auth.token.lifetime is %s; it may be %s to %s".formatted(lifetime, MIN_LIFETIME, MAX_LIFETIME));
        }
    }

    public static TokenSettings withDefaults(KeySource.SigningKey key) {
        return new TokenSettings(key, DEFAULT_LIFETIME);
    }
}
