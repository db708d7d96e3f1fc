package io.whimbrel.broker.redis;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.lettuce.core.RedisURI;
import io.lettuce.core.sentinel.api.StatefulRedisSentinelConnection;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks the Sentinels which Redis is the primary: whenever somebody connects, and each second. A former one goes on for many seconds
 * until they make it a replica, and answers all who are still connected as if it were what it was. A Sentinel that was away, or is cut
 * off, names it too: of those that answer the one is believed that knows of the newest failover. Works on its event loop, but for
 * {@link #primary}, which is for any thread.
 *
 * @see <a href="https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/#configuration-epochs">Configuration epochs</a>
 */
final class SentinelWatch {
    private static final Logger log = LoggerFactory.getLogger(SentinelWatch.class);
    private static final long EVERY_MILLIS = 1_000;

    /** How long the others may take once one has answered. */
    private static final long PATIENCE_MILLIS = 300;

    /** One that failed is left alone for so long, while others answer. */
    private static final long REST_MILLIS = 5_000;

    /** Without an answer for so long nobody answers, whatever they are about. */
    private static final long ROUND_MILLIS = 3_000;

    /** So long nothing is believed that is older than what was: then Sentinels may have been set up anew. */
    private static final long MEMORY_MILLIS = 30_000;

    private final String name;
    private final LettuceClient client;
    private final EventLoop loop;
    private final RedisURI uri;
    private final List<Sentinel> sentinels;

    /** The question under way, which is everybody's. */
    private @Nullable Round asked;

    private @Nullable RedisURI last;
    /** Of the last answer that was believed, and when that was. */
    private long lastEpoch = -1;

    private long lastNanos;
    /** Whether the last round brought nothing: then nobody rests. */
    private boolean inVain;

    private @Nullable ScheduledFuture<?> next;
    private boolean closed;

    SentinelWatch(RedisURI uri, LettuceClient client) {
        this.uri = uri;
        this.client = client;
        name = uri.getSentinelMasterId();
        loop = client.home();
        sentinels = uri.getSentinels().stream().map(Sentinel::new).toList();
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

    /** Completes with what the Sentinels say now. */
    CompletionStage<RedisURI> primary() {
        return CompletableFuture.supplyAsync(this::ask, loop).thenCompose(it -> it);
    }

    private CompletableFuture<RedisURI> ask() {
        Round round = asked;
        if (round == null) {
            round = new Round();
            asked = round;
            var _ = round.result.whenCompleteAsync(this::answered, loop);
            round.begin();
        }
        return round.result;
    }

    private void answered(@Nullable RedisURI primary, @Nullable Throwable failure) {
        asked = null;
        inVain = primary == null;
        if (primary == null) {
            log.debug("No Sentinel says which Redis is the primary, trying on", failure);
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
        sentinels.forEach(Sentinel::disconnect);
    }

    /** @param epoch of the last failover the Sentinel knows of; -1 where it does not tell */
    private record Answer(RedisURI primary, long epoch) {}

    /** One question to all of them. */
    private final class Round {
        private final CompletableFuture<RedisURI> result = new CompletableFuture<>();
        private int open;
        private @Nullable Answer best;

        private void begin() {
            long now = System.nanoTime();
            List<Sentinel> rested =
                    sentinels.stream().filter(it -> inVain || it.hasRested(now)).toList();
            List<Sentinel> all = rested.isEmpty() ? sentinels : rested;
            open = all.size();
            loop.schedule(
                    () -> result.completeExceptionally(new UnfitServerException("no Sentinel answers")),
                    ROUND_MILLIS,
                    TimeUnit.MILLISECONDS);
            all.forEach(each -> {
                var _ = each.ask().whenCompleteAsync(this::onAnswer, loop);
            });
        }

        private void onAnswer(@Nullable Answer answer, @Nullable Throwable failure) {
            open--;
            Answer newest = best;
            if (answer != null) {
                if (newest == null) {
                    loop.schedule(this::end, PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
                }
                if (newest == null || answer.epoch > newest.epoch) {
                    best = answer;
                }
            }
            if (open == 0 && best == null && failure != null) {
                result.completeExceptionally(failure);
            } else if (open == 0) {
                end();
            }
        }

        private void end() {
            Answer newest = best;
            if (newest == null || result.isDone()) {
                return;
            }
            long now = System.nanoTime();
            boolean remembered = now - lastNanos < TimeUnit.MILLISECONDS.toNanos(MEMORY_MILLIS);
            if (remembered && newest.epoch >= 0 && newest.epoch < lastEpoch) {
                result.completeExceptionally(
                        new UnfitServerException("the Sentinels that answer do not know of the last failover"));
                return;
            }
            lastEpoch = newest.epoch;
            lastNanos = now;
            result.complete(newest.primary);
        }
    }

    private final class Sentinel {
        private final RedisURI at;
        private @Nullable StatefulRedisSentinelConnection<String, byte[]> connection;
        /** Answered in a later round, where it takes long. */
        private @Nullable CompletableFuture<Answer> asked;

        private boolean failed;
        private long failedNanos;

        private Sentinel(RedisURI at) {
            this.at = at;
        }

        private boolean hasRested(long nowNanos) {
            return !failed || nowNanos - failedNanos > TimeUnit.MILLISECONDS.toNanos(REST_MILLIS);
        }

        private CompletableFuture<Answer> ask() {
            CompletableFuture<Answer> underWay = asked;
            if (underWay == null) {
                underWay = connected().thenCompose(this::question);
                asked = underWay;
                var _ = underWay.whenCompleteAsync(
                        (_, failure) -> {
                            asked = null;
                            failed = failure != null;
                            if (failure != null) {
                                log.debug("{} does not say which Redis is the primary", at, failure);
                                failedNanos = System.nanoTime();
                                disconnect();
                            }
                        },
                        loop);
            }
            return underWay;
        }

        private CompletableFuture<StatefulRedisSentinelConnection<String, byte[]>> connected() {
            var known = connection;
            if (known != null && known.isOpen()) {
                return CompletableFuture.completedFuture(known);
            }
            try {
                return client.connectSentinel(at)
                        .toCompletableFuture()
                        .whenCompleteAsync(
                                (opened, _) -> {
                                    connection = opened;
                                    if (closed) {
                                        disconnect();
                                    }
                                },
                                loop);
            } catch (RuntimeException e) {
                return CompletableFuture.failedFuture(e);
            }
        }

        private CompletionStage<Answer> question(StatefulRedisSentinelConnection<String, byte[]> connection) {
            var epoch = connection // asked first: never newer than the address
                    .async()
                    .master(name)
                    .thenApply(it -> Long.parseLong(new String(it.get("config-epoch"), US_ASCII)))
                    .exceptionally(_ -> -1L); // not known, or not allowed to be asked
            return connection.async().getMasterAddrByName(name).thenCombine(epoch, this::answer);
        }

        private Answer answer(@Nullable SocketAddress address, long epoch) {
            if (!(address instanceof InetSocketAddress there)) {
                throw new UnfitServerException("Sentinel knows of no Redis by the name " + name);
            }
            RedisURI primary = RedisURI.builder(uri) // which takes no Sentinels over
                    .withHost(there.getHostString())
                    .withPort(there.getPort())
                    .build();
            return new Answer(primary, epoch);
        }

        private void disconnect() {
            if (connection != null) {
                var _ = connection.closeAsync();
                connection = null;
            }
        }
    }
}
