package io.whimbrel.web;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import org.jspecify.annotations.Nullable;

/**
 * What is to count no more: a token or an address, exactly one of the two.
 *
 * @param foreign whether the token is one of the original system, which only its own web server can judge
 */
record RevokeRequest(@Nullable String token, @Nullable String uuid, boolean foreign) {
    RevokeRequest {
        if ((token == null) == (uuid == null)) {
            throw malformed("Name either token or uuid");
        }
        if (foreign && token == null) {
            throw malformed("foreign is said of a token");
        }
    }

    /** Refuses what is none; nothing of it is quoted, since it may be a token. */
    @SuppressWarnings("UnusedException")
    static RevokeRequest read(byte[] body) {
        if (!Utf8.isValid(body)) {
            throw malformed("The body is not valid UTF-8");
        }
        try {
            JsonObject json = new JsonObject(Buffer.buffer(body));
            return new RevokeRequest(text(json, "token"), text(json, "uuid"), isTrue(json, "foreign"));
        } catch (DecodeException e) {
            throw malformed("The body is not a JSON object");
        }
    }

    private static @Nullable String text(JsonObject json, String name) {
        return switch (json.getValue(name)) {
            case null -> null;
            case String text -> text;
            default -> throw malformed(name + " must be a string");
        };
    }

    private static boolean isTrue(JsonObject json, String name) {
        return switch (json.getValue(name)) {
            case null -> false;
            case Boolean value -> value;
            default -> throw malformed(name + " must be true or false");
        };
    }

    private static Refusal malformed(String detail) {
        return new Refusal(Problem.malformed(detail));
    }

    /** Without the token. */
    @Override
    public String toString() {
        return "RevokeRequest[%s]".formatted(uuid == null ? "a token" : uuid);
    }
}
