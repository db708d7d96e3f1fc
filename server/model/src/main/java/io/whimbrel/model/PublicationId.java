package io.whimbrel.model;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;

/** How publications are named. An id is 1 to 128 visible ASCII characters other than quote and backslash. Safe for any thread. */
public final class PublicationId {
    public static final int MAX_LENGTH = 128;

    private PublicationId() {}

    /** A new UUID of version 7 (RFC 9562 §5.7): sorts by time, unique without coordination, not a secret. */
    public static String next(long timeMillis) {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        long high = (timeMillis << 16) | 0x7000 | random.nextInt(1 << 12);
        long low = (random.nextLong() >>> 2) | 0x8000000000000000L;
        return new UUID(high, low).toString();
    }

    /** The id of a record that brought none: a UUID of version 8 from its bytes, so that all gateways name it alike. */
    public static String ofBytes(byte[] record) {
        byte[] digest = sha256().digest(record);
        long high = (bytesAsLong(digest, 0) & ~0xF000L) | 0x8000;
        long low = (bytesAsLong(digest, 8) >>> 2) | 0x8000000000000000L;
        return new UUID(high, low).toString();
    }

    public static boolean isValid(String id) {
        if (id.isEmpty() || id.length() > MAX_LENGTH) {
            return false;
        }
        for (int i = 0; i < id.length(); i++) {
            char c = id.charAt(i);
            if (c <= ' ' || c >= 127 || c == '"' || c == '\\') {
                return false;
            }
        }
        return true;
    }

    private static long bytesAsLong(byte[] bytes, int from) {
        long value = 0;
        for (int i = from; i < from + Long.BYTES; i++) {
            value = (value << 8) | (bytes[i] & 0xFF);
        }
        return value;
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
