package io.whimbrel.broker;

/**
 * What can become of a publication at one point of its way. Further ones may come with later versions, so a {@link Hop} holds
 * the words alone.
 */
public enum Outcome {
    ACCEPTED("accepted"),
    REPEATED("repeated"),
    PUBLISHED("published"),
    REDIS_SLOW("redis slow"),
    FAILED("failed"),
    RECEIVED("received"),
    NOBODY("nobody connected"),
    INBOX_FULL("inbox full"),
    DUPLICATE("duplicate"),
    LATER("comes with what was missed"),
    GIVEN("given to sessions"),
    REPLAYED("replayed"),
    DROPPED("dropped by rule"),
    CLOSED_SLOW("outbox full, closed 3008"),
    CUT("connection ended"),
    WRITTEN("written"),
    ACKNOWLEDGED("acknowledged"),
    // What nobody wrote down: it is found out when a trace is read.
    WAITING("kept, waits for the client"),
    EXPIRED("expired before the client came back"),
    MORE("more");

    private final String words;

    Outcome(String words) {
        this.words = words;
    }

    /** As operators read it. */
    public String words() {
        return words;
    }
}
