package io.whimbrel.broker.redis;

import io.lettuce.core.RedisURI;
import io.lettuce.core.sentinel.api.StatefulRedisSentinelConnection;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import java.net.SocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks a Sentinel each second which Redis is the primary. A former one goes on for many seconds until Sentinel makes it a replica, and
 * answers all who are still connected as if it were what it was. Used on its event loop.
 */
final class SentinelWatch {
    private static final Logger log = LoggerFactory.getLogger(SentinelWatch.class);
    private static final long EVERY_MILLIS = 1_000;

    private final RedisURI uri;
    private final LettuceClient client;
    private final EventLoop loop;
    private final Consumer<SocketAddress> onAnother;

    private @Nullable StatefulRedisSentinelConnection<String, byte[]> connection;
    private boolean asking;
    private @Nullable SocketAddress last;
    private @Nullable ScheduledFuture<?> next;

    /** @param onAnother told of a primary that is another one than before */
    SentinelWatch(RedisURI uri, LettuceClient client, Consumer<SocketAddress> onAnother) {
        this.uri = uri;
        this.client = client;
        this.onAnother = onAnother;
        loop = client.home();
    }

    void start() {
        next = loop.scheduleAtFixedRate(this::look, 0, EVERY_MILLIS, TimeUnit.MILLISECONDS);
    }

    private void look() {
        if (asking) {
            return;
        }
        asking = true;
        StatefulRedisSentinelConnection<String, byte[]> open = connection;
        if (open != null && open.isOpen()) {
            ask(open);
            return;
        }
        CompletionStage<StatefulRedisSentinelConnection<String, byte[]>> connecting;
        try {
            connecting = client.connectSentinel(uri);
        } catch (RuntimeException e) {
            connecting = CompletableFuture.failedStage(e);
        }
        connecting
                .toCompletableFuture()
                .whenCompleteAsync(
                        (opened, failure) -> {
                            if (failure != null) {
                                asking = false;
                                log.debug("No Sentinel answers, trying on", failure);
                            } else if (next == null) {
                                var _ = opened.closeAsync(); // closed meanwhile
                            } else {
                                connection = opened;
                                ask(opened);
                            }
                        },
                        loop);
    }

    private void ask(StatefulRedisSentinelConnection<String, byte[]> open) {
        open.async()
                .getMasterAddrByName(uri.getSentinelMasterId())
                .whenCompleteAsync(
                        (address, failure) -> {
                            asking = false;
                            if (failure != null) {
                                log.debug(
                                        "A Sentinel does not say which Redis is the primary, another one is asked",
                                        failure);
                                connection = null;
                                var _ = open.closeAsync();
                            } else if (address != null) {
                                answered(address);
                            }
                        },
                        loop);
    }

    private void answered(SocketAddress address) {
        SocketAddress before = last;
        last = address;
        if (before != null && !before.equals(address)) {
            log.info("Sentinel names another primary: {}", address);
            onAnother.accept(address);
        }
    }

    void close() {
        if (next != null) {
            next.cancel(false);
            next = null;
        }
        if (connection != null) {
            var _ = connection.closeAsync();
        }
    }
}
