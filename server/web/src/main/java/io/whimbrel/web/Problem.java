package io.whimbrel.web;

import io.whimbrel.model.ClientError;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One refusal, as the client reads it: problem details of RFC 9457. The detail is for a developer's eyes and holds
 * nothing of what the client sent, since that may be a secret.
 *
 * @param retryAfterSeconds 0 where trying again would not help
 * @param challenge the value of {@code WWW-Authenticate}, for 401 only
 * @param instance names this one occurrence, so that it can be found in the log
 */
record Problem(
        ClientError error,
        String detail,
        long retryAfterSeconds,
        @Nullable String challenge,
        @Nullable String instance) {
    static final String MEDIA_TYPE = "application/problem+json";

    /** A part that is away is mostly back within a second or so: Redis fails over, a connection is made again. */
    private static final long RETRY_AFTER_SECONDS = 1;

    private static final String BEARER_CHALLENGE = "Bearer";
    /** RFC 6750 §3.1: the token is expired, revoked or malformed. */
    private static final String BEARER_TOKEN_CHALLENGE = "Bearer error=\"invalid_token\"";

    static Problem of(ClientError error, String detail) {
        return new Problem(error, detail, error.retryable() ? RETRY_AFTER_SECONDS : 0, null, null);
    }

    static Problem malformed(String detail) {
        return of(ClientError.MALFORMED_REQUEST, detail);
    }

    static Problem unavailable(String detail) {
        return of(ClientError.UNAVAILABLE, detail);
    }

    /** No proof was given. */
    static Problem unproven(String detail) {
        return denied(detail, BEARER_CHALLENGE);
    }

    /** A token was given, and is not good. */
    static Problem badToken(String detail) {
        return denied(detail, BEARER_TOKEN_CHALLENGE);
    }

    static Problem denied(String detail, String challenge) {
        return new Problem(ClientError.UNAUTHENTICATED, detail, 0, challenge, null);
    }

    static Problem rateLimited(String detail, long retryAfterSeconds) {
        return new Problem(ClientError.RATE_LIMITED, detail, retryAfterSeconds, null, null);
    }

    /** Tells the client nothing but the name under which the log has the rest. */
    static Problem internal(UUID occurrence) {
        String detail = "The server's log tells more under the id " + occurrence;
        return new Problem(ClientError.INTERNAL_ERROR, detail, 0, null, "urn:uuid:" + occurrence);
    }

    String json() {
        StringBuilder json = new StringBuilder(256);
        json.append("{\"type\":").append(JsonText.quote(error.type()));
        json.append(",\"title\":").append(JsonText.quote(error.title()));
        json.append(",\"status\":").append(error.status());
        json.append(",\"detail\":").append(JsonText.quote(detail));
        if (instance != null) {
            json.append(",\"instance\":").append(JsonText.quote(instance));
        }
        return json.append('}').toString();
    }
}
