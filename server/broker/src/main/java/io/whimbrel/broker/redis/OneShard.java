package io.whimbrel.broker.redis;

import io.lettuce.core.RedisURI;
import io.netty.channel.EventLoop;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** One Redis for everything. Where Sentinels say which one it is, they are asked before each connection, and all the time. */
final class OneShard implements Shards {
    private final Shard shard;
    private final EventLoop loop;
    private final String prefix;
    private final @Nullable SentinelWatch sentinels;

    OneShard(Shard shard, RedisSettings settings, LettuceClient client) {
        this.shard = shard;
        loop = client.home();
        prefix = settings.keyPrefix();
        RedisURI uri = settings.seeds().getFirst();
        sentinels = uri.getSentinels().isEmpty()
                ? null
                : new SentinelWatch(uri, client, primary -> shard.giveUp("Sentinel names another primary, " + primary));
    }

    @Override
    public void start() {
        shard.start();
        loop.execute(() -> {
            shard.probe().start(prefix, _ -> true);
            if (sentinels != null) {
                sentinels.start();
            }
        });
    }

    @Override
    public Shard of(String key) {
        return shard;
    }

    @Override
    public Shard at(Redirection redirection, String key) {
        return shard;
    }

    @Override
    public Collection<Shard> all() {
        return List.of(shard);
    }

    @Override
    public void whenKnown(Runnable task) {
        loop.execute(task);
    }

    @Override
    public CompletionStage<Void> refresh() {
        return CompletableFuture.runAsync(() -> {}, loop);
    }

    @Override
    public CompletionStage<Void> settled() {
        return shard.settled();
    }

    @Override
    public Optional<String> outage() {
        return shard.outage();
    }

    @Override
    public CompletableFuture<Void> close() {
        if (sentinels != null) {
            sentinels.close();
        }
        return shard.close();
    }
}
