package io.whimbrel.broker.redis;

import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * A connection for commands, and what is known of the server at its other end.
 *
 * @param replicas that must have what is published before it counts as accepted; null for none
 * @param term which server that is, and since when nothing accepted can have been lost: {@code <doubt>.<run>}
 */
record Connection(
        StatefulRedisConnection<String, byte[]> lettuce,
        Server server,
        byte[] term,
        @Nullable Replicas replicas) {
    RedisAsyncCommands<String, byte[]> commands() {
        return lettuce.async();
    }

    /** Completes with an answer when also the replicas have what it tells of. */
    <T> CompletionStage<T> durably(CompletionStage<T> answer) {
        return replicas == null ? answer : Stages.both(answer, replicas.haveIt());
    }
}
