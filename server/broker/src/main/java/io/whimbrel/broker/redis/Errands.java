package io.whimbrel.broker.redis;

import io.whimbrel.broker.BrokerUnavailableException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.Function;

/**
 * Runs commands where their key belongs, and says in words for the operator why one failed. One that a node of a cluster has not
 * done, since the key is another's, is sent on. Safe for any thread.
 */
final class Errands {
    /** Times that a command is sent on, since its key belongs to another node of the cluster. */
    private static final int MOST_REDIRECTIONS = 5;

    private final Shards shards;
    private final boolean cluster;
    private final Duration timeout;

    /** @param timeout within which a command may be sent on */
    Errands(Shards shards, boolean cluster, Duration timeout) {
        this.shards = shards;
        this.cluster = cluster;
        this.timeout = timeout;
    }

    /**
     * Sends a message to the nodes that hear a channel; completes with how many those are. While a slot is under way its channels are
     * served where they were, but scripts are sent on, since no key of such a name is there: SPUBLISH alone is let through.
     */
    static CompletionStage<Integer> announce(Connection connection, String channel, byte[] message) {
        return Script.ANNOUNCE
                .call(connection, new String[] {channel}, message)
                .<Object>thenApply(List::getFirst)
                .exceptionallyCompose(failure -> {
                    Redirection redirection = Redirection.of(failure);
                    return redirection != null && redirection.asking()
                            ? connection.commands().spublish(channel, message).<Object>thenApply(it -> it)
                            : CompletableFuture.failedStage(failure);
                })
                .thenApply(nodes -> Math.toIntExact((Long) nodes));
    }

    private record Errand<T>(
            String doing,
            String key,
            Function<Connection, ? extends CompletionStage<T>> command,
            CompletableFuture<T> result,
            long begunNanos) {}

    /** @param doing for who is told that it failed, such as "publishing" */
    <T> CompletionStage<T> run(String doing, String key, Function<Connection, ? extends CompletionStage<T>> command) {
        CompletableFuture<T> result = new CompletableFuture<>();
        try {
            run(new Errand<>(doing, key, command, result, System.nanoTime()), shards.of(key), false, 0);
        } catch (Shards.NoShardException e) {
            result.completeExceptionally(RedisTrouble.unavailable(doing, e));
        }
        return result;
    }

    /** Runs a command for many things at once: for as many as it takes, and in a cluster for those of one key. */
    <T> CompletionStage<Void> runInPieces(
            Collection<T> all,
            Function<T, String> key,
            int most,
            String doing,
            BiFunction<Connection, List<T>, ? extends CompletionStage<?>> command) {
        List<T> list = List.copyOf(all);
        int atOnce = cluster ? 1 : most;
        List<CompletionStage<?>> calls = new ArrayList<>();
        for (int from = 0; from < list.size(); from += atOnce) {
            List<T> piece = list.subList(from, Math.min(from + atOnce, list.size()));
            CompletionStage<Object> call = run(
                    doing,
                    key.apply(piece.getFirst()),
                    connection -> command.apply(connection, piece).thenApply(it -> it));
            calls.add(call);
        }
        return Stages.all(calls);
    }

    private <T> void run(Errand<T> errand, Shard shard, boolean asking, int redirections) {
        Shard.CommandLink link = shard.commandsHere();
        Connection connection = link.connection();
        Optional<String> outage = shard.probe().outage();
        if (connection == null || outage.isPresent()) {
            String why = outage.or(link::outage).orElse("connecting to " + shard.address());
            errand.result.completeExceptionally(
                    outage.isPresent() && shard.probe().lacksReplicas()
                            ? BrokerUnavailableException.forWantOfReplicas(why)
                            : new BrokerUnavailableException(why));
            return;
        }
        if (asking && !link.loop().inEventLoop()) {
            link.loop().execute(() -> run(errand, shard, true, redirections)); // so that nothing comes in between
            return;
        }
        if (asking) {
            var _ = connection.commands().asking();
        }
        var _ = errand.command.apply(connection).whenComplete((answer, failure) -> {
            if (failure == null) {
                errand.result.complete(answer);
            } else {
                if (RedisTrouble.isTimeout(failure) || RedisTrouble.lacksReplicas(failure)) {
                    shard.probe().onUnanswered(failure);
                }
                failed(errand, link, connection, failure, redirections);
            }
        });
    }

    private long remainingNanos(Errand<?> errand) {
        return timeout.toNanos() - (System.nanoTime() - errand.begunNanos);
    }

    private <T> void sendOn(Errand<T> errand, Redirection redirection, int redirections) {
        CompletionStage<Shard> next;
        try {
            next = redirection.asking()
                    ? shards.at(redirection, errand.key)
                    : shards.refresh().thenCompose(_ -> shards.at(redirection, errand.key));
        } catch (RejectedExecutionException e) { // the event loop has ended
            errand.result.completeExceptionally(RedisTrouble.unavailable(errand.doing, e));
            return;
        }
        var _ = next.toCompletableFuture()
                .orTimeout(remainingNanos(errand), TimeUnit.NANOSECONDS)
                .whenComplete((shard, lost) -> {
                    if (lost == null) {
                        run(errand, shard, redirection.asking(), redirections + 1);
                    } else {
                        errand.result.completeExceptionally(RedisTrouble.unavailable(errand.doing, lost));
                    }
                });
    }

    private <T> void failed(
            Errand<T> errand, Shard.CommandLink link, Connection connection, Throwable failure, int redirections) {
        Redirection redirection = cluster ? Redirection.of(failure) : null;
        if (redirection != null && redirections < MOST_REDIRECTIONS && remainingNanos(errand) > 0) {
            sendOn(errand, redirection, redirections);
            return;
        }
        if (RedisTrouble.isReplica(failure)) {
            link.lost(connection, "it has become a replica, which takes no writes");
        }
        errand.result.completeExceptionally(RedisTrouble.unavailable(errand.doing, failure));
    }
}
