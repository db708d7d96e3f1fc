package io.whimbrel.broker;

/** So many notices of a kind are in force that no further one is taken before some of them have ended. */
public final class NoticesFullException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public NoticesFullException(String kind, int limit) {
        super("%d notices of kind '%s' are in force, no more are taken".formatted(limit, kind), null, false, false);
    }
}
