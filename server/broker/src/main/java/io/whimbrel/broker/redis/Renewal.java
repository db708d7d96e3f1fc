package io.whimbrel.broker.redis;

import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import io.lettuce.core.pubsub.api.async.RedisPubSubAsyncCommands;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Subscribes a new connection to what is wanted, one chunk after the other. Used once, on the event loop. */
final class Renewal {
    /** Channels that are asked for at once: few round trips, no command of megabytes. */
    static final int CHUNK = 500;

    private final Subscriptions subscriptions;
    private final RedisPubSubAsyncCommands<String, byte[]> commands;
    private final List<String> channels;
    private final CompletableFuture<Void> renewed = new CompletableFuture<>();

    Renewal(
            Subscriptions subscriptions,
            StatefulRedisPubSubConnection<String, byte[]> connection,
            List<String> channels) {
        this.subscriptions = subscriptions;
        this.commands = connection.async();
        this.channels = channels;
    }

    /** Completes when Redis acknowledged all of them. */
    CompletionStage<Void> run() {
        renewFrom(0);
        return renewed;
    }

    /**
     * Lettuce takes a SUBSCRIBE of many channels for answered when the first one is, so a PING behind it tells when the last one was:
     * Redis answers in order. Sharded channels are asked for one at a time, since those of one command would have to share a slot.
     */
    private void renewFrom(int from) {
        if (from >= channels.size()) {
            renewed.complete(null);
            return;
        }
        int to = Math.min(from + CHUNK, channels.size());
        List<CompletableFuture<?>> asked = new ArrayList<>();
        List<String> together = new ArrayList<>();
        for (String channel : channels.subList(from, to)) {
            if (!subscriptions.isWanted(channel)) {
                continue; // what was unsubscribed meanwhile must not come back
            }
            if (subscriptions.isSharded(channel)) {
                asked.add(renew(channel));
            } else {
                together.add(channel);
            }
        }
        if (!together.isEmpty()) {
            asked.add(commands.subscribe(together.toArray(String[]::new)).toCompletableFuture());
        }
        asked.add(commands.ping().toCompletableFuture());
        var _ = CompletableFuture.allOf(asked.toArray(CompletableFuture[]::new))
                .whenCompleteAsync(
                        (_, failure) -> {
                            if (failure != null) {
                                renewed.completeExceptionally(failure);
                            } else {
                                renewFrom(to);
                            }
                        },
                        subscriptions.loop());
    }

    /** One that has gone elsewhere keeps the others from nothing. */
    private CompletableFuture<Void> renew(String channel) {
        return commands.ssubscribe(channel)
                .toCompletableFuture()
                .handleAsync(
                        (_, failure) -> {
                            if (failure == null) {
                                subscriptions.acknowledged(channel);
                                return CompletableFuture.<Void>completedFuture(null);
                            }
                            if (Redirection.of(failure) != null) {
                                subscriptions.misplace(channel);
                                return CompletableFuture.<Void>completedFuture(null);
                            }
                            return CompletableFuture.<Void>failedFuture(failure);
                        },
                        subscriptions.loop())
                .thenCompose(it -> it);
    }
}
