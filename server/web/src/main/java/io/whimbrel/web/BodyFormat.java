package io.whimbrel.web;

import io.whimbrel.model.ClientError;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The two forms in which a publication may come. */
enum BodyFormat {
    JSON,
    FORM;

    /**
     * Decides by the headers {@code Content-Type} and {@code Content-Encoding}. A body without a type is taken for JSON.
     *
     * @throws Refusal for a type, charset or coding this server does not read
     */
    static BodyFormat of(@Nullable String contentType, @Nullable String contentEncoding) {
        if (contentEncoding != null && !contentEncoding.trim().equalsIgnoreCase("identity")) {
            throw unsupported("The body must not be compressed");
        }
        if (contentType == null) {
            return JSON;
        }
        String[] parts = contentType.split(";", -1);
        for (int i = 1; i < parts.length; i++) {
            requireUtf8(parts[i]);
        }
        return switch (parts[0].trim().toLowerCase(Locale.ROOT)) {
            case "application/json" -> JSON;
            case "application/x-www-form-urlencoded" -> FORM;
            default -> throw unsupported("Use application/json or application/x-www-form-urlencoded");
        };
    }

    private static void requireUtf8(String parameter) {
        int equals = parameter.indexOf('=');
        if (equals < 0 || !parameter.substring(0, equals).trim().equalsIgnoreCase("charset")) {
            return;
        }
        String charset = parameter.substring(equals + 1).trim();
        if (!charset.equalsIgnoreCase("utf-8") && !charset.equalsIgnoreCase("\"utf-8\"")) {
            throw unsupported("The charset must be utf-8");
        }
    }

    private static Refusal unsupported(String detail) {
        return new Refusal(Problem.of(ClientError.UNSUPPORTED_MEDIA_TYPE, detail));
    }
}
