package io.whimbrel.auth;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Tells tokens of one address apart, without being one. */
final class Fingerprint {
    private Fingerprint() {}

    /**
     * The first 8 bytes of a SHA-256: of a JWT, of what is signed, since one signature has several spellings; of a text of
     * another form, of all of it.
     */
    static long of(String token) {
        int end = token.lastIndexOf('.');
        String what = end < 0 ? token : token.substring(0, end);
        return ByteBuffer.wrap(Addresses.sha256().digest(what.getBytes(StandardCharsets.UTF_8)))
                .getLong();
    }
}
