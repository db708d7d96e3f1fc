package io.whimbrel.broker;

/** The broker did not answer in time, or is known to be away. The caller may try again a little later. */
public final class BrokerUnavailableException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public BrokerUnavailableException(String why, Throwable cause) {
        super(why, cause);
    }

    /** Without a stack trace: an expected outcome while the broker is away, at any rate of calls. */
    public BrokerUnavailableException(String why) {
        super(why, null, false, false);
    }
}
