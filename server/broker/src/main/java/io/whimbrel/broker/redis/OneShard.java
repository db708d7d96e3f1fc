package io.whimbrel.broker.redis;

import io.netty.channel.EventLoop;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** One Redis for everything. Where Sentinels say which one it is, they are asked before each connection. */
final class OneShard implements Shards {
    private final Shard shard;
    private final EventLoop loop;
    private final String prefix;

    OneShard(Shard shard, EventLoop loop, String prefix) {
        this.shard = shard;
        this.loop = loop;
        this.prefix = prefix;
    }

    @Override
    public void start() {
        shard.start();
        loop.execute(() -> shard.probe().start(prefix, _ -> true));
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
        return shard.close();
    }
}
