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

    /** Channels, and since Redis 7.0.3 sharded ones beside them. */
    private static final Pattern COUNT = Pattern.compile(" s?sub=(\\d+)");

    /** Once per process: it is the same for each connection. */
    private static final AtomicBoolean refusalLogged = new AtomicBoolean();

    private final RedisLink<StatefulRedisPubSubConnection<String, byte[]>> link;
    private final IntSupplier wanted;
    private final BrokerCounters counters;
    /** How many channels went without having been asked to. */
    private long departures;

    private @Nullable ScheduledFuture<?> next;

    /** @param wanted how many channels Redis has been asked for by now */
    Comparison(
            RedisLink<StatefulRedisPubSubConnection<String, byte[]>> link,
            IntSupplier wanted,
            BrokerCounters counters) {
        this.link = link;
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
        int all = wanted.getAsInt();
        long before = departures;
        return count(connection)
                .thenComposeAsync(
                        count -> {
                            int has = count.orElse(all);
                            if (has >= all || departures != before) {
                                return CompletableFuture.completedStage(null);
                            }
                            counters.subscriptionsMissing.add(all - has);
                            return CompletableFuture.failedStage(new BrokerUnavailableException(
                                    "it has %d of %d subscriptions".formatted(has, all)));
                        },
                        link.loop());
    }

    /** Completes with nothing where Redis does not let us ask. */
    private static CompletionStage<OptionalInt> count(StatefulRedisPubSubConnection<String, byte[]> connection) {
        return connection.async().clientInfo().handle((info, failure) -> {
            if (failure == null) {
                return count(info);
            }
            if (!RedisTrouble.isAnswer(failure)) {
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

    private static OptionalInt count(String info) {
        Matcher counts = COUNT.matcher(info);
        OptionalInt sum = OptionalInt.empty();
        while (counts.find()) {
            sum = OptionalInt.of(sum.orElse(0) + Integer.parseInt(counts.group(1)));
        }
        return sum;
    }
}
