package io.whimbrel.broker.redis;

import io.lettuce.core.RedisURI;
import io.netty.channel.EventLoop;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** One Redis for everything. Where Sentinels say which one it is, they are asked before each connection, and all the time. */
final class OneShard implements Shards {
    private final Shard shard;
    private final EventLoop loop;
    private final String prefix;
    private final @Nullable SentinelWatch sentinels;

    /** @param newShard makes the shard, which asks for its server before each connection */
    OneShard(
            RedisSettings settings,
            LettuceClient client,
            Function<Supplier<CompletionStage<RedisURI>>, Shard> newShard) {
        loop = client.home();
        prefix = settings.keyPrefix();
        RedisURI uri = settings.seeds().getFirst();
        if (uri.getSentinels().isEmpty()) {
            sentinels = null;
            shard = newShard.apply(() -> CompletableFuture.completedFuture(uri));
        } else {
            sentinels = new SentinelWatch(uri, client);
            shard = newShard.apply(sentinels::primary);
        }
    }

    @Override
    public void start() {
        shard.start();
        loop.execute(() -> {
            shard.probe().start(prefix, _ -> true);
            if (sentinels != null) {
                sentinels.start(primary -> shard.leaveAllBut(
                        primary,
                        "Sentinel names another primary, %s:%d".formatted(primary.getHost(), primary.getPort())));
            }
        });
    }

    @Override
    public Shard of(String key) {
        return shard;
    }

    @Override
    public CompletionStage<Shard> at(Redirection redirection, String key) {
        return CompletableFuture.completedStage(shard);
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
