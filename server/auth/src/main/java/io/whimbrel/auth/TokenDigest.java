package io.whimbrel.auth;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** The SHA-256 of a token: names it in a map that must not hold tokens. */
record TokenDigest(long first, long second, long third, long fourth) {
    static TokenDigest of(String token) {
        ByteBuffer digest = ByteBuffer.wrap(Addresses.sha256().digest(token.getBytes(StandardCharsets.UTF_8)));
        return new TokenDigest(digest.getLong(), digest.getLong(), digest.getLong(), digest.getLong());
    }
}
