package io.whimbrel.broker.redis;

import io.lettuce.core.RedisChannelHandler;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection to Redis that is made again, for ever, whenever it breaks or falls silent. A broken one is closed
 * before its successor is made, and takes everything under way on it along: nothing is sent twice.
 *
 * <pre>
 *   connecting ──▶ preparing ──▶ ready
 *       ▲              │           │  broken, or a PING unanswered for 2 s
 *       └── backoff ◀──┴───────────┘
 * </pre>
 *
 * Called only on its event loop, but for {@link #loop}, {@link #start}, {@link #isStarted}, {@link #settled}, {@link #connection} and
 * {@link #outage}.
 */
final class RedisLink<C extends StatefulRedisConnection<String, byte[]>> {
    private static final Logger log = LoggerFactory.getLogger(RedisLink.class);

    /** Together less than a probe's patience: one way may be dead that no probe takes, and is told of as soon. */
    static final Duration PING_INTERVAL = Duration.ofMillis(500);

    static final Duration SILENCE_LIMIT = Duration.ofSeconds(2);

    private static final long FIRST_BACKOFF_MILLIS = 50;
    private static final int MOST_DOUBLINGS = 20;

    private final String name;
    private final String address;
    private final EventLoop loop;
    private final RedisSettings settings;
    private final Supplier<CompletionStage<RedisURI>> whereabouts;
    private final Function<RedisURI, ? extends CompletionStage<C>> connector;
    private final Function<C, CompletionStage<Void>> preparation;
    private final Runnable onReconnect;
    private final AtomicBoolean started = new AtomicBoolean();
    private final CompletableFuture<Void> settled = new CompletableFuture<>();

    private @Nullable C current; // connected, perhaps not ready yet
    private boolean closed;
    private boolean wasReady;
    private int failures;
    private boolean pingUnanswered;
    /** Of those that were not answered the first one. */
    private long pingSentNanos;

    private long heartbeatDueNanos;
    private boolean wasLate;

    private @Nullable String lastLogged;

    /** The one that the last attempt went to. */
    private volatile @Nullable RedisURI server;

    private volatile @Nullable C ready;
    private volatile @Nullable String outage;

    /**
     * @param name what the connection is for, for the log
     * @param address of the server, for the log
     * @param whereabouts asked for the server before each attempt
     * @param preparation what must be done on a new connection before it counts as ready
     * @param onReconnect told when a connection is ready that is not the first one
     */
    RedisLink(
            String name,
            String address,
            EventLoop loop,
            RedisSettings settings,
            Supplier<CompletionStage<RedisURI>> whereabouts,
            Function<RedisURI, ? extends CompletionStage<C>> connector,
            Function<C, CompletionStage<Void>> preparation,
            Runnable onReconnect) {
        this.name = name;
        this.address = address;
        this.loop = loop;
        this.settings = settings;
        this.whereabouts = whereabouts;
        this.connector = connector;
        this.preparation = preparation;
        this.onReconnect = onReconnect;
    }

    EventLoop loop() {
        return loop;
    }

    /** The connection to use, null while there is none. */
    @Nullable
    C connection() {
        return ready;
    }

    /** Why there is no connection; empty when there is, and before a link that nobody needs was started. */
    Optional<String> outage() {
        return Optional.ofNullable(outage);
    }

    boolean isStarted() {
        return started.get();
    }

    /** Completes when the first attempt has succeeded or failed. */
    CompletableFuture<Void> settled() {
        return settled.copy();
    }

    /** Begins to connect, unless that was done before. */
    void start() {
        if (!started.compareAndSet(false, true)) {
            return;
        }
        outage = "connecting to " + address;
        loop.execute(() -> {
            connect();
            heartbeatLater();
        });
    }

    private void connect() {
        if (closed) {
            return;
        }
        CompletionStage<C> connecting;
        try {
            connecting = whereabouts.get().thenCompose(uri -> {
                server = uri;
                return connector.apply(uri);
            });
        } catch (RuntimeException e) {
            connecting = CompletableFuture.failedStage(e);
        }
        var _ = connecting.whenCompleteAsync(
                (connection, failure) -> {
                    if (failure != null) {
                        failed(failure);
                    } else {
                        connected(connection);
                    }
                },
                loop);
    }

    private void failed(Throwable failure) {
        down("connecting to %s: %s".formatted(address, RedisTrouble.describe(failure)));
        connectLater();
    }

    private void connected(C connection) {
        if (closed) {
            var _ = connection.closeAsync();
            return;
        }
        current = connection;
        pingUnanswered = false;
        connection.addListener(new RedisConnectionStateListener() {
            @Override
            public void onRedisDisconnected(RedisChannelHandler<?, ?> handler) {
                if (!loop.isShuttingDown()) {
                    loop.execute(() -> lost(connection, "the connection was lost"));
                }
            }
        });
        if (!connection.isOpen()) { // it broke before we listened
            lost(connection, "the connection was lost");
            return;
        }
        var _ = preparation
                .apply(connection)
                .whenCompleteAsync(
                        (_, failure) -> {
                            if (failure != null) {
                                lost(connection, RedisTrouble.describe(failure));
                            } else {
                                ready(connection);
                            }
                        },
                        loop);
    }

    private void ready(C connection) {
        if (!isCurrent(connection)) {
            return; // lost while it was being prepared
        }
        ready = connection;
        outage = null;
        failures = 0;
        lastLogged = null;
        log.info("Connected to {} for {}", address, name);
        settled.complete(null);
        if (wasReady) {
            onReconnect.run();
        }
        wasReady = true;
    }

    private boolean isCurrent(C connection) {
        return connection.equals(current);
    }

    /** Gives a connection up. Does nothing for one that is not in use any more. */
    void lost(C connection, String why) {
        if (!isCurrent(connection) || closed) {
            return;
        }
        current = null;
        ready = null;
        down("%s for %s: %s".formatted(address, name, why));
        var _ = close(connection).whenCompleteAsync((_, _) -> connectLater(), loop);
    }

    /** Gives up a connection, also one that is not ready yet, to another server than this one. */
    void leaveAllBut(RedisURI wanted, String why) {
        RedisURI there = server;
        C connection = current;
        if (connection != null && there != null && !SentinelWatch.isSame(there, wanted)) {
            lost(connection, why);
        }
    }

    private void down(String why) {
        outage = why;
        settled.complete(null);
        if (!why.equals(lastLogged)) { // once, however often connecting fails for the same reason
            lastLogged = why;
            log.warn("Redis is away, trying on: {}", why);
        }
    }

    /** Bounded, since nothing goes on before it completes. */
    private CompletableFuture<Void> close(C connection) {
        return connection.closeAsync().orTimeout(settings.connectTimeout().toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Full jitter, so that a thousand nodes do not come back in the same millisecond. */
    private void connectLater() {
        if (closed) {
            return;
        }
        long ceiling = Math.min(
                FIRST_BACKOFF_MILLIS << Math.min(failures, MOST_DOUBLINGS),
                settings.longestBackoff().toMillis());
        failures++;
        long delayMillis = ThreadLocalRandom.current().nextLong(ceiling + 1);
        var _ = loop.schedule(this::connect, delayMillis, TimeUnit.MILLISECONDS);
    }

    private void heartbeatLater() {
        heartbeatDueNanos = System.nanoTime() + PING_INTERVAL.toNanos();
        var _ = loop.schedule(this::heartbeat, PING_INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void heartbeat() {
        if (closed) {
            return;
        }
        C connection = current;
        if (connection != null && pingUnanswered) {
            if (!isLate() && System.nanoTime() - pingSentNanos >= SILENCE_LIMIT.toNanos()) {
                lost(connection, "connected, but there was no answer for %d s".formatted(SILENCE_LIMIT.toSeconds()));
            } else {
                ping(connection); // the answer to the last one may have come too late to count
            }
        } else if (connection != null) {
            pingUnanswered = true;
            pingSentNanos = System.nanoTime();
            ping(connection);
        }
        heartbeatLater();
    }

    /** What was held up itself has not read the answer yet; not twice in a row. */
    private boolean isLate() {
        wasLate = !wasLate && System.nanoTime() - heartbeatDueNanos > PING_INTERVAL.toNanos();
        return wasLate;
    }

    private void ping(C connection) {
        var _ = connection
                .async()
                .ping()
                .whenCompleteAsync(
                        (_, failure) -> {
                            if (!isCurrent(connection)) {
                                return;
                            }
                            if (failure == null || RedisTrouble.isAnswer(failure)) {
                                pingUnanswered = false;
                            } else if (!RedisTrouble.isTimeout(failure) && !RedisTrouble.isQueueFull(failure)) {
                                lost(connection, RedisTrouble.describe(failure));
                            }
                        },
                        loop);
    }

    /** Closes it for good. */
    CompletableFuture<Void> close() {
        closed = true;
        outage = "the broker is closed";
        settled.complete(null);
        C connection = current;
        current = null;
        ready = null;
        return connection == null ? CompletableFuture.completedFuture(null) : close(connection);
    }
}
