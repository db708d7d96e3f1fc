package io.whimbrel.broker.redis;

import java.util.Collection;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** The Redis servers that hold all topics between them, and which of them a key or channel belongs to. */
interface Shards {
    /** Begins to connect. */
    void start();

    /**
     * Whose a key or channel is. For any thread.
     *
     * @throws NoShardException while it is not known
     */
    Shard of(String key);

    /** Where a node answered that a command goes; completes when it can be sent there. For any thread. */
    CompletionStage<Shard> at(Redirection redirection, String key);

    /** All of them. For any thread. */
    Collection<Shard> all();

    /** Runs a task on the event loop, where shards are known, or else when they are. */
    void whenKnown(Runnable task);

    /** Completes, on the event loop, when it was looked up anew which shard is where: soon after it was asked for. */
    CompletionStage<Void> refresh();

    /** Completes when each connection has been made, or has failed for the first time. */
    CompletionStage<Void> settled();

    /** Why some topics cannot be published to or received; empty when all is well. For any thread. */
    Optional<String> outage();

    /** Closes all connections. On the event loop; completes in any case. */
    CompletableFuture<Void> close();

    /** Says in words for the operator why it is not known whose a key is. */
    final class NoShardException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        NoShardException(String why) {
            super(why);
        }
    }
}
