package io.whimbrel.broker;

import io.whimbrel.model.Position;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/**
 * One node's way to all other nodes. Publications of one topic that one thread published one after the other, or of
 * which one was answered before the other was published, reach every subscribed node in that order, each at most once.
 *
 * <p>Some topics are kept, see {@link HistoryRules}: their publications get positions in the order in which they are sent, and
 * who missed some finds them in {@link #history}. For other topics nothing is kept for nodes that are not there.
 *
 * <p>Safe for any thread, and no method blocks. Stages complete on a thread of the broker, which must not be held up.
 */
public interface Broker extends AutoCloseable {
    /**
     * Keeps the publication, where its topic is kept, and sends it to every node that is subscribed to the topic, this one
     * included: both or neither. Fails with {@link BrokerUnavailableException} when the broker did not answer in time, and
     * then the publication may or may not have been kept and sent, but is not sent later.
     *
     * @param publication has no position yet
     */
    CompletionStage<Published> publish(Publication publication);

    /**
     * As {@link #publish(Publication)}, but within the key's time only for the first publication of the topic with this key,
     * also among calls at the same time on different nodes. Who heard {@link BrokerUnavailableException} finds out with the
     * same key whether it was sent.
     *
     * @param publication has no position yet; a repetition may have another id and time
     */
    CompletionStage<PublishedOnce> publish(Publication publication, IdempotencyKey key);

    /** Whether publications of this topic have positions and are kept. */
    default boolean keeps(Topic topic) {
        return false;
    }

    /**
     * What is kept of a topic beyond an offset, and where its newest publication stands, both at one moment. When it is read
     * after a subscription to the topic was completed, every publication beyond its top is received. Fails with
     * {@link BrokerUnavailableException} when the broker did not answer in time.
     *
     * @param after 0 for everything that is kept
     * @param limit at most so many publications, the oldest; 0 where only the top is wanted
     * @throws IllegalArgumentException for a topic that is not kept, and for numbers below 0
     */
    default CompletionStage<History> history(Topic topic, long after, int limit) {
        throw keepsNothing();
    }

    /**
     * As {@link #history}, but the newest publication alone, if it is still kept: for who wants a topic's state and not what led
     * to it. It stands at the top.
     */
    default CompletionStage<History> latest(Topic topic) {
        throw keepsNothing();
    }

    /** As {@link #history}, beyond the topic's cursor: the furthest that {@link #moveCursors} said, 0 in a new epoch. */
    default CompletionStage<History> inbox(Topic topic, int limit) {
        throw keepsNothing();
    }

    /**
     * Says up to where publications of topics need not be given again to somebody who brings no position. A cursor only moves
     * forward; a position of another epoch, or beyond the newest publication, is left alone. Fails with
     * {@link BrokerUnavailableException} when the broker did not answer in time; any of them may have moved then.
     *
     * @throws IllegalArgumentException for a topic that is not kept
     */
    default CompletionStage<Void> moveCursors(Map<Topic, Position> furthest) {
        throw keepsNothing();
    }

    /**
     * Where the newest publications of many topics stand, each looked at on its own; those that no publication and no reading
     * of {@link #history} has begun are left out. What a part of the broker did not answer in time is told apart from what it did.
     * Fails with {@link BrokerUnavailableException} when the broker is closed.
     *
     * @throws IllegalArgumentException for a topic that is not kept
     */
    default CompletionStage<Tops> tops(Collection<Topic> topics) {
        throw keepsNothing();
    }

    private static IllegalArgumentException keepsNothing() {
        return new IllegalArgumentException("this broker keeps nothing");
    }

    /**
     * Asks for a topic's publications, which come to the {@link Listener} the broker was made with. A publication
     * accepted after the stage has completed is received. The subscription holds until {@link #unsubscribe}, also over
     * a lost connection, after which it is renewed; what was published in between is missed. Fails with
     * {@link BrokerUnavailableException} when it could not be made in time; the topic is then not subscribed, unless it
     * was before.
     *
     * <p>Subscribing twice is the same as once. Calls for one topic take effect in the order they were made.
     */
    CompletionStage<Void> subscribe(Topic topic);

    /** Ends a subscription. Publications under way may still arrive. */
    void unsubscribe(Topic topic);

    /** Why nothing can be published or received at the moment, in words for the operator; empty when all is well. */
    Optional<String> outage();

    /** The same for who asks whether this node is ready: not before it is seen that deliveries flow. */
    default Optional<String> notReady() {
        return outage();
    }

    /** What this node did so far. */
    BrokerCounters counters();

    /** What becomes of publications whose senders want to know. */
    Receipts receipts();

    /** Short facts with an end that every node knows. */
    Notices notices();

    /** The ways of publications that are traced. */
    default Traces traces() {
        return Traces.NONE;
    }

    /** The door to channels that carry other systems' records; empty where there is no such outside. */
    Optional<PlainChannels> plainChannels();

    /** Ends all subscriptions and waits, for a bounded time, until connections are closed. */
    @Override
    void close();

    /** Receives what a node subscribed to. Called on one thread of the broker, in order; must not block or throw. */
    @FunctionalInterface
    interface Listener {
        void onPublication(Publication publication);

        /**
         * All subscriptions were renewed after an interruption, during which publications may have been missed; those of kept
         * topics are in {@link Broker#history}.
         */
        default void onRenewed() {}

        /** For a node that only publishes. */
        Listener NONE = _ -> {};
    }
}
