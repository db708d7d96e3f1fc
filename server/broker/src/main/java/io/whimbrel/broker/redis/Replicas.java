package io.whimbrel.broker.redis;

import io.lettuce.core.api.StatefulRedisConnection;
import io.netty.channel.EventLoop;
import io.whimbrel.broker.BrokerUnavailableException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Waits until replicas have what was written on a connection ({@code WAIT}): once for all that is written in one turn of its event
 * loop, or while it waited, behind it on the same connection, where alone it says something. Safe for any thread.
 *
 * @see <a href="https://redis.io/docs/latest/commands/wait/">WAIT</a>
 */
final class Replicas {
    private final StatefulRedisConnection<String, byte[]> connection;
    private final EventLoop loop;
    private final RedisSettings settings;
    /** For what was written since the last one was sent. */
    private @Nullable CompletableFuture<Void> next;
    /** Whether one is to be sent or under way: Redis does nothing else of this connection before it has answered. */
    private boolean waiting;

    Replicas(StatefulRedisConnection<String, byte[]> connection, EventLoop loop, RedisSettings settings) {
        this.connection = connection;
        this.loop = loop;
        this.settings = settings;
    }

    /** Completes when enough of them have what this thread wrote before; fails when they do not in time. */
    CompletionStage<Void> haveIt() {
        if (loop.inEventLoop()) {
            return join();
        }
        CompletableFuture<Void> joined = new CompletableFuture<>();
        loop.execute(() -> join().whenComplete((_, failure) -> { // behind what this thread has written
            if (failure == null) {
                joined.complete(null);
            } else {
                joined.completeExceptionally(failure);
            }
        }));
        return joined;
    }

    private CompletableFuture<Void> join() {
        CompletableFuture<Void> turn = next;
        if (turn == null) {
            turn = new CompletableFuture<>();
            next = turn;
            if (!waiting) {
                waiting = true;
                loop.execute(this::send);
            }
        }
        return turn;
    }

    private void send() {
        CompletableFuture<Void> turn = next;
        next = null;
        if (turn == null) {
            return;
        }
        int wanted = settings.replicas();
        long millis = settings.replicationTimeout().toMillis();
        connection
                .async()
                .waitForReplication(wanted, millis)
                .whenCompleteAsync(
                        (have, failure) -> {
                            if (failure != null) {
                                turn.completeExceptionally(failure);
                            } else if (have < wanted) {
                                turn.completeExceptionally(BrokerUnavailableException.forWantOfReplicas(
                                        "only %d of %d replicas have it after %d ms".formatted(have, wanted, millis)));
                            } else {
                                turn.complete(null);
                            }
                            waiting = next != null;
                            if (waiting) {
                                send(); // what joined meanwhile was written before
                            }
                        },
                        loop);
    }
}
