package io.whimbrel.broker;

/** The broker did not answer in time, or is known to be away. The caller may try again a little later. */
public final class BrokerUnavailableException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final boolean lacksReplicas;

    public BrokerUnavailableException(String why, Throwable cause) {
        super(why, cause);
        lacksReplicas = false;
    }

    /** Without a stack trace: an expected outcome while the broker is away, at any rate of calls. */
    public BrokerUnavailableException(String why) {
        this(why, false);
    }

    private BrokerUnavailableException(String why, boolean lacksReplicas) {
        super(why, null, false, false);
        this.lacksReplicas = lacksReplicas;
    }

    /** Too few copies of the data are there for what was promised. What was to be published may be there all the same. */
    public static BrokerUnavailableException forWantOfReplicas(String why) {
        return new BrokerUnavailableException(why, true);
    }

    public boolean lacksReplicas() {
        return lacksReplicas;
    }
}
