package io.whimbrel.broker;

import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/** Short facts with an end that every node knows. Safe for any thread, and no method blocks. */
public interface Notices {
    /** Notices of one kind that may be in force at a time; beyond it no more are taken. */
    int LIMIT = 100_000;

    /**
     * Tells all nodes, those too that come later. Fails with {@link BrokerUnavailableException} when the broker did not answer in
     * time, and then it may or may not have been told; with {@link NoticesFullException} when there are too many, and then it
     * was not.
     */
    CompletionStage<Void> post(Notice notice);

    /**
     * Hears of a kind: all that are in force, then each one that is posted, within the time a message takes. What was posted
     * while the connection was lost is heard when it is back, together with all the others once more; so they are from time to
     * time. A listener must therefore bear to hear the same again, and look at the end itself: nobody tells when it is over. One
     * that was taken back is not told to who did not hear of it then. Of two about the same the later one is heard last.
     *
     * @param listener called on one thread of the broker; must not block or throw
     * @return completes when all that were in force have been heard for the first time, however long the broker is away till then;
     *     fails with {@link BrokerUnavailableException} when it is closed
     */
    CompletionStage<Void> hear(String kind, Consumer<Notice> listener);
}
