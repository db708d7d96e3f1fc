package io.whimbrel.broker.redis;

/** A Redis was reached, but is not what it has to be; the message says why in words for the operator. */
final class UnfitServerException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UnfitServerException(String why) {
        super(why);
    }
}
