package io.whimbrel.web;

import io.vertx.core.http.HttpHeaders;
import org.jspecify.annotations.Nullable;

/**
 * The request header {@code Idempotency-Key}: a string of RFC 9651 §3.3.3, as draft-ietf-httpapi-idempotency-key-header
 * has it, or the key without quotes, as many clients send it. Pure functions; whatever is wrong ends in a {@link Refusal}.
 */
final class IdempotencyKeyHeader {
    static final int MAX_LENGTH = 255;

    private static final CharSequence NAME = HttpHeaders.createOptimized("Idempotency-Key");

    private IdempotencyKeyHeader() {}

    /** Null where there is none. */
    static @Nullable String of(Exchange exchange) {
        if (exchange.header(NAME) == null) {
            return null;
        }
        // Several fields are one list (RFC 9110 §5.3), and a list is no key.
        return parse(String.join(", ", exchange.request().headers().getAll(NAME)));
    }

    static String parse(String value) {
        return requireKey(value.startsWith("\"") ? unquoted(value) : value);
    }

    /** Whatever its way here was. */
    static String requireKey(String key) {
        boolean fits =
                !key.isEmpty() && key.length() <= MAX_LENGTH && key.chars().allMatch(c -> c > ' ' && c < 127);
        if (!fits) {
            throw malformed();
        }
        return key;
    }

    private static String unquoted(String value) {
        StringBuilder key = new StringBuilder(value.length());
        int at = 1;
        while (at < value.length() && value.charAt(at) != '"') {
            if (value.charAt(at) == '\\') {
                at++;
                if (at == value.length() || (value.charAt(at) != '"' && value.charAt(at) != '\\')) {
                    throw malformed();
                }
            }
            key.append(value.charAt(at));
            at++;
        }
        if (at != value.length() - 1) {
            throw malformed(); // no quote at the end, or something after it
        }
        return key.toString();
    }

    private static Refusal malformed() {
        return new Refusal(Problem.malformed(
                "An idempotency key has 1 to %d visible ASCII characters without spaces, in the header with or without quotes"
                        .formatted(MAX_LENGTH)));
    }
}
