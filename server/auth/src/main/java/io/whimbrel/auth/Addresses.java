package io.whimbrel.auth;

import io.whimbrel.model.Address;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.UUID;

/** Addresses that follow from something else instead of being made up. Safe for any thread. */
public final class Addresses {
    private Addresses() {}

    /**
     * The address behind a token of the original system, where the token is all there is: a UUID is its own address;
     * any other text leads to a UUID of version 8 by its SHA-256, from which it cannot be found again.
     */
    public static Address ofForeignToken(String token) {
        return Address.parse(token).orElseGet(() -> ofDigest(sha256().digest(token.getBytes(StandardCharsets.UTF_8))));
    }

    /** A UUID of version 8 (RFC 9562 §5.8) from the first 16 bytes. */
    static Address ofDigest(byte[] digest) {
        ByteBuffer bytes = ByteBuffer.wrap(digest);
        long high = (bytes.getLong() & ~0xF000L) | 0x8000L;
        long low = (bytes.getLong() >>> 2) | Long.MIN_VALUE;
        return new Address(new UUID(high, low));
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
