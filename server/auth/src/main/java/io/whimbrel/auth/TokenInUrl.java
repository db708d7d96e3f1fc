package io.whimbrel.auth;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Optional;

/** Puts whatever a client calls its token into one segment of a URL, or refuses to. */
final class TokenInUrl {
    private TokenInUrl() {}

    /**
     * Everything but RFC 3986's unreserved characters is percent-encoded. Empty for a token that is empty, too long,
     * holds control characters or half a character, or that a server which decodes first and routes then would read as
     * a way to another of its pages.
     */
    static Optional<String> encode(String token) {
        if (token.isEmpty() || token.length() > JwtRules.MAX_OWN_LENGTH || !isText(token) || climbs(token)) {
            return Optional.empty();
        }
        StringBuilder encoded = new StringBuilder(token.length() + 16);
        for (byte octet : token.getBytes(StandardCharsets.UTF_8)) {
            if (isUnreserved(octet)) {
                encoded.append((char) octet);
            } else {
                encoded.append('%').append(HexFormat.of().withUpperCase().toHexDigits(octet));
            }
        }
        return Optional.of(encoded.toString());
    }

    private static boolean isText(String token) {
        return token.codePoints()
                .noneMatch(c -> Character.isISOControl(c) || Character.getType(c) == Character.SURROGATE);
    }

    private static boolean climbs(String token) {
        for (String segment : token.split("[/\\\\]", -1)) {
            if (segment.equals(".") || segment.equals("..")) {
                return true;
            }
        }
        return false;
    }

    private static boolean isUnreserved(byte octet) {
        return (octet >= 'A' && octet <= 'Z')
                || (octet >= 'a' && octet <= 'z')
                || (octet >= '0' && octet <= '9')
                || octet == '-'
                || octet == '.'
                || octet == '_'
                || octet == '~';
    }
}
