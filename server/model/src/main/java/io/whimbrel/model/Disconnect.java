package io.whimbrel.model;

/**
 * Every reason for which the gateway closes a connection: the code and the text of the WebSocket close frame. A client
 * comes back, with backoff, unless the code is {@link #terminal() terminal}; numbers and ranges are those of the
 * Centrifuge protocol, the codes below 3000 those of RFC 6455 §7.4.1.
 */
public enum Disconnect {
    /** The frames broke RFC 6455. */
    PROTOCOL_ERROR(1002, "protocol error"),
    /** A text message, or the reason of a close frame, was not UTF-8. */
    INVALID_PAYLOAD(1007, "invalid UTF-8"),
    /** A message was larger than the gateway takes. Coming back would repeat it, so clients stay away. */
    MESSAGE_TOO_BIG(1009, "message too big"),

    /** This gateway stops; another one, or its successor, takes the client. */
    SHUTDOWN(3001, "shutdown"),
    /** A fault of the gateway itself. */
    INTERNAL_ERROR(3004, "internal server error, try again"),
    /** The token could be neither verified nor refused, since the web server did not answer. */
    AUTHENTICATION_UNAVAILABLE(3004, "web server away, try again"),
    /** The topics of the connection could not be subscribed. */
    BROKER_UNAVAILABLE(3004, "broker away, try again"),
    /** The outboxes of this gateway hold nearly all the memory they may. */
    OVERLOADED(3004, "gateway overloaded, try again"),
    /** The token's time is over; the client gets a new one and returns. */
    EXPIRED(3005, "connection expired"),
    /** More waits for the client than its outbox may hold. */
    SLOW(3008, "slow"),
    /** What the client missed cannot be given to it on this connection; it comes back and says where it stands. */
    INSUFFICIENT_STATE(3010, "insufficient state"),
    /** The connection is as old as this gateway lets connections become; coming back spreads clients anew. */
    ROTATED(3011, "force reconnect"),
    /** A ping was not followed by a sign of life in time. */
    NO_PONG(3012, "no pong"),

    /** No token, or one nobody issued. Coming back with the same token would not help. */
    INVALID_TOKEN(3500, "invalid token"),
    /** The address, or the place the connection comes from, has as many connections as one may have. */
    CONNECTION_LIMIT(3504, "connection limit"),
    /** The token, or all of the address, was revoked. Another token, for who still gets one, is as good as any. */
    REVOKED(3507, "revoked");

    private final int code;
    private final String reason;

    Disconnect(int code, String reason) {
        this.code = code;
        this.reason = reason;
    }

    public int code() {
        return code;
    }

    /** At most 123 bytes of ASCII, the room a close frame has. */
    public String reason() {
        return reason;
    }

    /** Whether the client should stay away until a person or its application has changed something. */
    public boolean terminal() {
        return (code >= 3500 && code < 4000) || (code >= 4500 && code < 5000) || code == 1009;
    }
}
