package io.whimbrel.auth;

import java.util.Optional;

/** Reads the {@code Authorization} header (RFC 9110 §11.6.2). */
final class AuthorizationHeader {
    private AuthorizationHeader() {}

    /** What follows the scheme, which may be written in any case; empty for another scheme and for nothing behind it. */
    static Optional<String> credentials(String scheme, String header) {
        int length = scheme.length();
        boolean fits = header.length() > length
                && header.regionMatches(true, 0, scheme, 0, length)
                && header.charAt(length) == ' ';
        return fits ? Optional.of(header.substring(length).strip()).filter(rest -> !rest.isEmpty()) : Optional.empty();
    }
}
