package io.whimbrel.broker;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Base64;

/**
 * By which a publication is known when its publisher, who did not hear what became of it, sends it again. Belongs to one
 * sender and, in the broker, to one topic. Holds digests only, so that neither a key nor a message shows where it is kept.
 *
 * @param digest of sender and key, as {@link #DIGEST_LENGTH} characters of Base64url
 * @param payloadDigest of the payload, likewise: one key for two payloads is a mistake of the publisher
 * @param time for how long the first answer is remembered, at least a millisecond
 */
public record IdempotencyKey(String digest, String payloadDigest, Duration time) {
    /** Of a SHA-256 in Base64url, without padding. */
    public static final int DIGEST_LENGTH = 43;

    public IdempotencyKey {
        if (digest.length() != DIGEST_LENGTH || payloadDigest.length() != DIGEST_LENGTH) {
            throw new IllegalArgumentException("a digest has %d characters".formatted(DIGEST_LENGTH));
        }
        if (time.toMillis() < 1) {
            throw new IllegalArgumentException("an answer is remembered for a while, not for " + time);
        }
    }

    /**
     * Of a key as its publisher wrote it.
     *
     * @param sender tells senders apart; without a line break, as the key
     */
    public static IdempotencyKey of(String sender, String key, byte[] payload, Duration time) {
        return new IdempotencyKey(digest((sender + '\n' + key).getBytes(UTF_8)), digest(payload), time);
    }

    private static String digest(byte[] bytes) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes);
            return Base64.getUrlEncoder().withoutPadding().encodeToString(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
