package io.whimbrel.auth;

import java.time.Duration;

/**
 * How much the checking of signatures may take. But for the first, none matters with a shared secret, whose check takes
 * no waiting.
 *
 * @param cachedTokens verified ones that need no second check, about 200 bytes each; every topic counts as one more. 0
 *     for who sees each token about once
 * @param threads that check signatures; 0.8 ms a token with ES256 and EdDSA
 * @param waiting tokens that wait for such a thread, above which the answer is "unavailable"
 * @param keyQuestions tokens that wait for a JWK set, above which the answer is "unavailable"
 * @param keyTimeout how long a token waits for a JWK set
 */
public record VerificationLimits(int cachedTokens, int threads, int waiting, int keyQuestions, Duration keyTimeout) {
    public static final VerificationLimits DEFAULT = new VerificationLimits(
            100_000, Math.max(1, Runtime.getRuntime().availableProcessors() / 2), 4_096, 1_024, Duration.ofSeconds(5));

    public VerificationLimits {
        requireBetween(0, cachedTokens, 10_000_000, "cached tokens");
        requireBetween(1, threads, 1_024, "threads that check signatures");
        requireBetween(1, waiting, 1_000_000, "tokens that wait for a check");
        requireBetween(1, keyQuestions, 1_000_000, "tokens that wait for a JWK set");
        requireBetween(1, keyTimeout.toMillis(), 60_000, "milliseconds to wait for a JWK set");
    }

    public VerificationLimits withCachedTokens(int count) {
        return new VerificationLimits(count, threads, waiting, keyQuestions, keyTimeout);
    }

    private static void requireBetween(long low, long value, long high, String what) {
        if (value < low || value > high) {
            throw new IllegalArgumentException("%d %s; it may be %d to %d".formatted(value, what, low, high));
        }
    }
}
