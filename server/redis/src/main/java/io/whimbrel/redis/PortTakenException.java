package io.whimbrel.redis;

/** Another program listens on the port. */
public final class PortTakenException extends EmbeddedRedisException {
    private static final long serialVersionUID = 1L;

    PortTakenException(int port) {
        super(
                "Port %d, which the embedded Redis should listen on, is taken by another program: stop that, or choose another redis.port."
                        .formatted(port));
    }
}
