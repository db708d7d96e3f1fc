package io.whimbrel.broker.redis;

import static java.util.Objects.requireNonNull;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.MaintNotificationsConfig;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.SslOptions;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.codec.RedisCodec;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.metrics.CommandLatencyRecorder;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.DefaultEventLoopGroupProvider;
import io.lettuce.core.resource.EventLoopGroupProvider;
import io.lettuce.core.resource.NettyCustomizer;
import io.lettuce.core.resource.Transports;
import io.lettuce.core.sentinel.api.StatefulRedisSentinelConnection;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.handler.flush.FlushConsolidationHandler;
import io.netty.resolver.AddressResolverGroup;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.EventExecutorGroup;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.ImmediateEventExecutor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lettuce as we want it: each connection on an event loop of our choice, every command with a deadline, no reconnecting
 * of its own. The loops are those of the group that was given, which is never shut down here, or else one of our own.
 * Safe for any thread.
 */
final class LettuceClient {
    private static final Logger log = LoggerFactory.getLogger(LettuceClient.class);

    private static final RedisCodec<String, byte[]> CODEC = RedisCodec.of(StringCodec.UTF8, ByteArrayCodec.INSTANCE);
    private static final long SHUTDOWN_TIMEOUT_MILLIS = 1000;

    private final RedisSettings settings;
    private final @Nullable AddressResolverGroup<?> names;
    private final List<EventLoop> loops;
    private final @Nullable EventLoopGroup ownGroup;
    /** The first one owns the threads that all share. */
    private final List<ClientResources> resources = new ArrayList<>();

    private final Map<EventLoop, RedisClient> clients = new HashMap<>();

    /**
     * @param everyLoop whether connections may be made on all loops of the group; else on one of them
     * @param names how names are resolved; null as Lettuce does, by Netty's resolver, which asks again when a record's time is over
     */
    LettuceClient(
            RedisSettings settings,
            @Nullable EventLoopGroup given,
            boolean everyLoop,
            @Nullable AddressResolverGroup<?> names) {
        this.settings = settings;
        this.names = names;
        EventLoop shared = given == null ? null : fittingLoop(given);
        if (given == null || shared == null) {
            ownGroup = newGroup();
            loops = List.of(ownGroup.next());
        } else {
            ownGroup = null;
            loops = everyLoop ? allLoops(shared, given) : List.of(shared);
        }
        for (EventLoop each : loops) {
            clients.put(each, client(each));
        }
    }

    private RedisClient client(EventLoop loop) {
        ClientResources.Builder builder = ClientResources.builder()
                .eventLoopGroupProvider(new OneLoop(loop))
                .nettyCustomizer(new OneFlushPerTurn())
                .commandLatencyRecorder(CommandLatencyRecorder.disabled());
        if (names != null) {
            builder.addressResolverGroup(names);
        }
        if (!resources.isEmpty()) {
            ClientResources owner = resources.getFirst();
            builder.timer(owner.timer())
                    .eventExecutorGroup(owner.eventExecutorGroup())
                    .eventBus(owner.eventBus());
        }
        ClientResources own = builder.build();
        resources.add(own);
        RedisClient client = RedisClient.create(own);
        client.setOptions(ClientOptions.builder()
                .autoReconnect(false)
                .disconnectedBehavior(ClientOptions.DisconnectedBehavior.REJECT_COMMANDS)
                .requestQueueSize(settings.requestQueueLimit())
                .timeoutOptions(TimeoutOptions.builder()
                        .timeoutCommands()
                        .fixedTimeout(settings.timeout())
                        .build())
                .socketOptions(SocketOptions.builder()
                        .connectTimeout(settings.connectTimeout())
                        .keepAlive(true)
                        .build())
                .sslOptions(trusting(settings.trust()))
                .maintNotificationsConfig(MaintNotificationsConfig.disabled())
                .build());
        return client;
    }

    private static SslOptions trusting(@Nullable Path certificates) {
        return certificates == null
                ? SslOptions.create()
                : SslOptions.builder().trustManager(certificates.toFile()).build();
    }

    private static List<EventLoop> allLoops(EventLoop first, EventLoopGroup given) {
        List<EventLoop> all = new ArrayList<>(List.of(first));
        for (EventExecutor each : given) {
            if (each instanceof EventLoop loop && !loop.equals(first)) {
                all.add(loop);
            }
        }
        return List.copyOf(all);
    }

    /** Lettuce takes epoll wherever it is available, so a group of another transport cannot carry its connections. */
    private static @Nullable EventLoop fittingLoop(EventLoopGroup given) {
        EventLoop candidate = given.next();
        try {
            Channel probe =
                    Transports.socketChannelClass().getDeclaredConstructor().newInstance();
            ChannelFuture registration = candidate.register(probe); // one that does not fit fails at once
            if (registration.cause() == null) {
                var _ = probe.close();
                return candidate;
            }
            probe.unsafe().closeForcibly();
            log.warn(
                    "The event loops given are not made for {}, which the Redis client uses here: it gets its own",
                    probe.getClass().getSimpleName());
        } catch (ReflectiveOperationException e) {
            log.warn("The Redis client's transport cannot be tried out, it gets an event loop of its own", e);
        }
        return null;
    }

    private static EventLoopGroup newGroup() {
        return new DefaultEventLoopGroupProvider(1, (String _) -> new DefaultThreadFactory("redis-broker", true))
                .allocate(Transports.eventLoopGroupClass());
    }

    RedisSettings settings() {
        return settings;
    }

    /** The loop of what there is only one of. */
    EventLoop home() {
        return loops.getFirst();
    }

    List<EventLoop> loops() {
        return loops;
    }

    CompletionStage<StatefulRedisConnection<String, byte[]>> connect(EventLoop loop, RedisURI uri) {
        return clientOn(loop).connectAsync(CODEC, uri);
    }

    CompletionStage<StatefulRedisPubSubConnection<String, byte[]>> connectPubSub(RedisURI uri) {
        return clientOn(home()).connectPubSubAsync(CODEC, uri);
    }

    CompletionStage<StatefulRedisSentinelConnection<String, byte[]>> connectSentinel(RedisURI uri) {
        return clientOn(home()).connectSentinelAsync(CODEC, uri);
    }

    private RedisClient clientOn(EventLoop loop) {
        return requireNonNull(clients.get(loop), "not one of our event loops");
    }

    /** Completes when its threads have ended; a group that was given goes on. */
    CompletableFuture<Void> shutdown() {
        return allOf(clients.values().stream().map(LettuceClient::shutdown))
                .thenCompose(_ -> allOf(resources.reversed().stream()
                        .map(it -> ended(it.shutdown(0, SHUTDOWN_TIMEOUT_MILLIS, TimeUnit.MILLISECONDS)))))
                .thenCompose(_ -> ownGroup == null
                        ? CompletableFuture.completedFuture(null)
                        : ended(ownGroup.shutdownGracefully(0, SHUTDOWN_TIMEOUT_MILLIS, TimeUnit.MILLISECONDS)));
    }

    private static CompletableFuture<Void> shutdown(RedisClient client) {
        return client.shutdownAsync(0, SHUTDOWN_TIMEOUT_MILLIS, TimeUnit.MILLISECONDS)
                .exceptionally(failure -> {
                    log.warn("The Redis client did not close in order: {}", RedisTrouble.describe(failure));
                    return null;
                });
    }

    private static CompletableFuture<Void> allOf(Stream<CompletableFuture<Void>> futures) {
        return CompletableFuture.allOf(futures.toArray(CompletableFuture[]::new));
    }

    private static CompletableFuture<Void> ended(Future<?> future) {
        CompletableFuture<Void> ended = new CompletableFuture<>();
        future.addListener(_ -> ended.complete(null));
        return ended;
    }

    /**
     * Lettuce flushes every command. What is written in one turn of the event loop goes out in one system call at its
     * end, which is at once where nothing else is to be done.
     */
    private static final class OneFlushPerTurn implements NettyCustomizer {
        private static final int MOST_COMMANDS = FlushConsolidationHandler.DEFAULT_EXPLICIT_FLUSH_AFTER_FLUSHES;

        @Override
        public void afterChannelInitialized(Channel channel) {
            channel.pipeline().addFirst(new FlushConsolidationHandler(MOST_COMMANDS, true));
        }
    }

    /** Gives Lettuce our loop, whatever it asks for, and keeps it from shutting that down. */
    private record OneLoop(EventLoop loop) implements EventLoopGroupProvider {
        @Override
        @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"}) // Lettuce needs no more than an EventLoopGroup
        public <T extends EventLoopGroup> T allocate(Class<T> type) {
            return (T) loop;
        }

        @Override
        public int threadPoolSize() {
            return 1;
        }

        @Override
        public Future<Boolean> release(EventExecutorGroup group, long quietPeriod, long timeout, TimeUnit unit) {
            return ImmediateEventExecutor.INSTANCE.newSucceededFuture(true);
        }

        @Override
        public Future<Boolean> shutdown(long quietPeriod, long timeout, TimeUnit unit) {
            return ImmediateEventExecutor.INSTANCE.newSucceededFuture(true);
        }
    }
}
