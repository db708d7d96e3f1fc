package io.whimbrel.broker.redis;

import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import io.netty.util.concurrent.ScheduledFuture;
import io.whimbrel.broker.BrokerCounters;
import io.whimbrel.broker.BrokerUnavailableException;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.IntSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compares what should be subscribed with what is: Redis says how many channels it has for a connection ({@code CLIENT INFO}). One
 * that it had lost would be missed in silence, so the connection is given up for a new one then. Used on the event loop.
 */
final class Comparison {
    private static final Logger log = LoggerFactory.getLogger(Comparison.class);

    static final Duration EVERY = Duration.ofSeconds(5);

    private static final Pattern CHANNELS = Pattern.compile(" sub=(\\d+)");
    /** Since Redis 7.0.3. */
    private static final Pattern SHARDED_CHANNELS = Pattern.compile(" ssub=(\\d+)");

    /** Shortfalls of one connection after the other that are believed: who counts wrongly must not keep us away for ever. */
    private static final int MOST_IN_A_ROW = 3;

    /** Once per process: it is the same for each connection. */
    private static final AtomicBoolean refusalLogged = new AtomicBoolean();

    private final RedisLink<StatefulRedisPubSubConnection<String, byte[]>> link;
    private final boolean sharded;
    private final IntSupplier wanted;
    private final BrokerCounters counters;
    /** How many channels went without having been asked to. */
    private long departures;

    /** Connections that were given up, since the last that had all. */
    private int inARow;

    private @Nullable ScheduledFuture<?> next;

    /**
     * @param sharded whether Redis has to tell of sharded channels as well
     * @param wanted how many channels Redis has been asked for by now
     */
    Comparison(
            RedisLink<StatefulRedisPubSubConnection<String, byte[]>> link,
            boolean sharded,
            IntSupplier wanted,
            BrokerCounters counters) {
        this.link = link;
        this.sharded = sharded;
        this.wanted = wanted;
        this.counters = counters;
    }

    void start() {
        long millis = EVERY.toMillis();
        next = link.loop().scheduleAtFixedRate(this::compare, millis, millis, TimeUnit.MILLISECONDS);
    }

    void close() {
        if (next != null) {
            next.cancel(false);
        }
    }

    /** A channel has gone unasked, and whoever is to know of it does. */
    void departed() {
        departures++;
    }

    private void compare() {
        var connection = link.connection();
        if (connection != null) {
            var _ = complete(connection)
                    .whenCompleteAsync(
                            (_, failure) -> {
                                if (failure != null
                                        && RedisTrouble.root(failure) instanceof BrokerUnavailableException) {
                                    link.lost(connection, RedisTrouble.describe(failure));
                                } else if (failure != null) { // the link's own pings decide about that
                                    log.debug("Redis did not say what it has for us", failure);
                                }
                            },
                            link.loop());
        }
    }

    /** Completes when Redis has all it was asked for; fails when that is less, with how much, or when it does not answer. */
    CompletionStage<Void> complete(StatefulRedisPubSubConnection<String, byte[]> connection) {
        return missing(connection)
                .thenComposeAsync(
                        // One that goes may be counted by us and not by Redis: only what is missing twice is missing.
                        missing -> missing == 0 ? CompletableFuture.completedStage(0) : missing(connection),
                        link.loop())
                .thenComposeAsync(this::judge, link.loop());
    }

    private CompletionStage<Void> judge(int missing) {
        if (missing == 0) {
            inARow = 0;
            return CompletableFuture.completedStage(null);
        }
        counters.subscriptionsMissing.add(missing);
        String what = "%d of %d subscriptions are missing there".formatted(missing, wanted.getAsInt());
        if (inARow == MOST_IN_A_ROW) {
            log.debug("{}, as with {} connections before: it is not believed", what, MOST_IN_A_ROW);
            return CompletableFuture.completedStage(null);
        }
        if (++inARow == MOST_IN_A_ROW) {
            log.warn("{}, also after {} connections: what it counts is not believed any more", what, MOST_IN_A_ROW);
        }
        return CompletableFuture.failedStage(new BrokerUnavailableException(what));
    }

    /** Completes with how many channels Redis lacks; with 0 where it cannot say. */
    private CompletionStage<Integer> missing(StatefulRedisPubSubConnection<String, byte[]> connection) {
        int all = wanted.getAsInt();
        long before = departures;
        return count(connection)
                .thenApplyAsync(count -> departures == before ? Math.max(0, all - count.orElse(all)) : 0, link.loop());
    }

    private CompletionStage<OptionalInt> count(StatefulRedisPubSubConnection<String, byte[]> connection) {
        return connection.async().clientInfo().handle((info, failure) -> {
            if (failure == null) {
                return count(info);
            }
            if (RedisTrouble.isTimeout(failure) || !connection.isOpen()) {
                throw new CompletionException(failure);
            }
            if (refusalLogged.compareAndSet(false, true)) {
                log.warn(
                        "What is subscribed cannot be compared with what should be: CLIENT INFO: {}",
                        RedisTrouble.describe(failure));
            }
            return OptionalInt.empty();
        });
    }

    private OptionalInt count(String info) {
        OptionalInt classic = count(CHANNELS, info);
        OptionalInt ofShards = sharded ? count(SHARDED_CHANNELS, info) : OptionalInt.of(0);
        return classic.isPresent() && ofShards.isPresent()
                ? OptionalInt.of(classic.getAsInt() + ofShards.getAsInt())
                : OptionalInt.empty();
    }

    private static OptionalInt count(Pattern pattern, String info) {
        Matcher matcher = pattern.matcher(info);
        return matcher.find() ? OptionalInt.of(Integer.parseInt(matcher.group(1))) : OptionalInt.empty();
    }
}
