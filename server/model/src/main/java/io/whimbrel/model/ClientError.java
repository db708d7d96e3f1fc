package io.whimbrel.model;

/**
 * Every error the web server can tell a client, as RFC 9457 problem details. The {@link #type()} is stable: programs
 * may compare it. {@link #retryable()} errors carry {@code Retry-After}; for the others the request must change first.
 */
public enum ClientError {
    MALFORMED_REQUEST(400, "malformed-request", "The request could not be read", false),
    UNAUTHENTICATED(401, "unauthenticated", "The sender did not prove who it is", false),
    FORBIDDEN_SENDER(403, "forbidden-sender", "The sender is not who it says", false),
    FORBIDDEN_TOPIC(403, "forbidden-topic", "Only backends publish to a topic", false),
    NOT_FOUND(404, "not-found", "There is nothing here", false),
    METHOD_NOT_ALLOWED(405, "method-not-allowed", "This address does not take that method", false),
    PAYLOAD_TOO_LARGE(413, "payload-too-large", "The request is larger than this server takes", false),
    UNSUPPORTED_MEDIA_TYPE(415, "unsupported-media-type", "The content type is neither JSON nor form-encoded", false),
    INVALID_RECIPIENT(422, "invalid-recipient", "The recipient is neither an address nor a valid token", false),
    INVALID_TOKEN(422, "invalid-token", "This is neither an address nor a token that can be revoked", false),
    INVALID_TOPIC(422, "invalid-topic", "The topic's name is reserved or malformed", false),
    IDEMPOTENCY_MISMATCH(422, "idempotency-mismatch", "The idempotency key was used for another message", false),
    RATE_LIMITED(429, "rate-limited", "This comes faster than allowed", true),
    INTERNAL_ERROR(500, "internal-error", "The server made a mistake", false),
    UNAVAILABLE(503, "unavailable", "A part this server needs does not answer", true);

    private final int status;
    private final String slug;
    private final String title;
    private final boolean retryable;

    ClientError(int status, String slug, String title, boolean retryable) {
        this.status = status;
        this.slug = slug;
        this.title = title;
        this.retryable = retryable;
    }

    /** The HTTP status code. */
    public int status() {
        return status;
    }

    /** The stable identifier of the kind of problem, a URI (RFC 9457 §3.1.1). */
    public String type() {
        return "urn:whimbrel:problem:" + slug;
    }

    public String title() {
        return title;
    }

    /** Whether the same request may succeed after a while. */
    public boolean retryable() {
        return retryable;
    }
}
