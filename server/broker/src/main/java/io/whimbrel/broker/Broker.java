package io.whimbrel.broker;

import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/**
 * One node's way to all other nodes. Publications of one topic that one thread published one after the other, or of
 * which one was answered before the other was published, reach every subscribed node in that order, each at most once.
 * Nothing is kept for nodes that are not there.
 *
 * <p>Safe for any thread, and no method blocks. Stages complete on a thread of the broker, which must not be held up.
 */
public interface Broker extends AutoCloseable {
    /**
     * Sends to every node that is subscribed to the publication's topic, this one included. The stage carries how many
     * those were; it fails with {@link BrokerUnavailableException} when the broker did not answer in time, and then the
     * publication may or may not have been sent, but is not sent later.
     */
    CompletionStage<Integer> publish(Publication publication);

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

    /** What this node did so far. */
    BrokerCounters counters();

    /** The door to channels that carry other systems' records; empty where there is no such outside. */
    Optional<PlainChannels> plainChannels();

    /** Ends all subscriptions and waits, for a bounded time, until connections are closed. */
    @Override
    void close();

    /** Receives what a node subscribed to. Called on one thread of the broker, in order; must not block or throw. */
    @FunctionalInterface
    interface Listener {
        void onPublication(Publication publication);

        /** For a node that only publishes. */
        Listener NONE = _ -> {};
    }
}
