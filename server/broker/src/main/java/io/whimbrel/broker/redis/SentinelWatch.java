package io.whimbrel.broker.redis;

import io.lettuce.core.RedisURI;
import io.lettuce.core.sentinel.api.StatefulRedisSentinelConnection;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks a Sentinel which Redis is the primary: whenever somebody connects, and each second. A former one goes on for many seconds until
 * Sentinel makes it a replica, and answers all who are still connected as if it were what it was. Works on its event loop, but for
 * {@link #primary}, which is for any thread.
 */
final class SentinelWatch {
    private static final Logger log = LoggerFactory.getLogger(SentinelWatch.class);
    private static final long EVERY_MILLIS = 1_000;

    private final RedisURI uri;
    private final LettuceClient client;
    private final EventLoop loop;

    private @Nullable StatefulRedisSentinelConnection<String, byte[]> connection;
    /** The question under way, which is everybody's. */
    private @Nullable CompletableFuture<RedisURI> asked;

    private @Nullable RedisURI last;
    private @Nullable ScheduledFuture<?> next;
    private boolean closed;

    SentinelWatch(RedisURI uri, LettuceClient client) {
        this.uri = uri;
        this.client = client;
        loop = client.home();
    }

    /** @param onPrimary told of each answer */
    void start(Consumer<RedisURI> onPrimary) {
        next = loop.scheduleAtFixedRate(
                () -> ask().thenAcceptAsync(primary -> tell(onPrimary, primary), loop),
                0,
                EVERY_MILLIS,
                TimeUnit.MILLISECONDS);
    }

    private static void tell(Consumer<RedisURI> onPrimary, RedisURI primary) {
        try {
            onPrimary.accept(primary);
        } catch (RuntimeException e) {
            log.error("Who is told of the primary failed, which it must not", e);
        }
    }

    /** Completes with what a Sentinel says now. */
    CompletionStage<RedisURI> primary() {
        return CompletableFuture.supplyAsync(this::ask, loop).thenCompose(it -> it);
    }

    private CompletableFuture<RedisURI> ask() {
        CompletableFuture<RedisURI> underWay = asked;
        if (underWay == null) {
            underWay = sentinel()
                    .thenCompose(it -> it.async().getMasterAddrByName(uri.getSentinelMasterId()))
                    .thenApply(this::at);
            asked = underWay;
            var _ = underWay.whenCompleteAsync(this::answered, loop);
        }
        return underWay;
    }

    /** The first one of those that are named which answers. */
    private CompletableFuture<StatefulRedisSentinelConnection<String, byte[]>> sentinel() {
        var open = connection;
        if (open != null && open.isOpen()) {
            return CompletableFuture.completedFuture(open);
        }
        try {
            return client.connectSentinel(uri)
                    .toCompletableFuture()
                    .whenCompleteAsync(
                            (opened, _) -> {
                                if (opened != null && closed) {
                                    var _ = opened.closeAsync();
                                } else {
                                    connection = opened;
                                }
                            },
                            loop);
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private RedisURI at(@Nullable SocketAddress address) {
        if (!(address instanceof InetSocketAddress there)) {
            throw new UnfitServerException("Sentinel knows of no Redis by the name " + uri.getSentinelMasterId());
        }
        RedisURI primary = RedisURI.builder(uri)
                .withHost(there.getHostString())
                .withPort(there.getPort())
                .build();
        primary.getSentinels().clear();
        primary.setSentinelMasterId(null);
        return primary;
    }

    private void answered(@Nullable RedisURI primary, @Nullable Throwable failure) {
        asked = null;
        if (primary == null) {
            log.debug("No Sentinel says which Redis is the primary, trying on", failure);
            if (connection != null) { // another one is asked next
                var _ = connection.closeAsync();
                connection = null;
            }
            return;
        }
        if (last == null || !isSame(last, primary)) {
            log.info("Sentinel says that the primary is {}:{}", primary.getHost(), primary.getPort());
        }
        last = primary;
    }

    static boolean isSame(RedisURI one, RedisURI other) {
        return one.getPort() == other.getPort() && one.getHost().equals(other.getHost());
    }

    void close() {
        closed = true;
        if (next != null) {
            next.cancel(false);
        }
        if (connection != null) {
            var _ = connection.closeAsync();
        }
    }
}
