package io.whimbrel.broker.redis;

import io.lettuce.core.cluster.SlotHash;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import io.whimbrel.broker.BrokerCounters;
import io.whimbrel.model.PublicationId;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends itself a message through one shard each second, the way publications go, and knows whether it comes back: connections
 * may be there, and PING be answered, while nothing is delivered. After a time without one both ways are made anew. Used on the event
 * loop, but for {@link #outage}.
 */
final class Probe {
    private static final Logger log = LoggerFactory.getLogger(Probe.class);

    static final Duration EVERY = Duration.ofSeconds(1);
    /** Without a probe that came back, while there are connections, deliveries do not flow. */
    static final Duration PATIENCE = Duration.ofMillis(2_500);

    private final Shard shard;
    private final EventLoop loop;
    private final BrokerCounters counters;
    private final Runnable onMisplaced;
    private final String name = PublicationId.next(System.currentTimeMillis());

    private @Nullable String channel;
    private @Nullable ScheduledFuture<?> next;
    private long number;
    private long sentNanos;
    /** When one came back, or when connections were there anew. */
    private long wellNanos = System.nanoTime();

    private boolean closed;
    private volatile @Nullable String outage;

    /** @param onMisplaced told when a node says that the probe's channel is not its own */
    Probe(Shard shard, EventLoop loop, BrokerCounters counters, Runnable onMisplaced) {
        this.shard = shard;
        this.loop = loop;
        this.counters = counters;
        this.onMisplaced = onMisplaced;
    }

    /**
     * Begins, or goes on by another channel.
     *
     * @param prefix what names in this Redis begin with
     * @param slots which slots of a cluster belong to the shard
     */
    void start(String prefix, IntPredicate slots) {
        String wanted = channel;
        if (wanted == null || !slots.test(SlotHash.getSlot(wanted))) {
            int tag = 0;
            do {
                wanted = "%s:probe:%s:{%d}".formatted(prefix, name, tag++);
            } while (!slots.test(SlotHash.getSlot(wanted)) && tag < 100 * SlotHash.SLOT_COUNT);
            if (channel != null) {
                shard.subscriptions().unlisten(channel);
            }
            channel = wanted;
            wellNanos = System.nanoTime();
            shard.subscriptions().listen(wanted, this::cameBack, () -> {});
        }
        if (next == null) {
            next = loop.scheduleAtFixedRate(this::turn, EVERY.toMillis(), EVERY.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    /** Why deliveries do not flow although there are connections; empty when they do, or there are none. */
    Optional<String> outage() {
        return Optional.ofNullable(outage);
    }

    private void turn() {
        if (closed) {
            return;
        }
        long now = System.nanoTime();
        Connection connection = shard.commandsHere().connection();
        if (connection == null || shard.subscriptions().link().connection() == null) {
            wellNanos = now; // what is away is told elsewhere
            return;
        }
        if (now - wellNanos > PATIENCE.toNanos()) {
            fail(connection, now);
            return;
        }
        String to = channel;
        if (to != null) {
            sentNanos = now;
            byte[] message = Long.toString(++number).getBytes(StandardCharsets.US_ASCII);
            var _ = Script.ANNOUNCE.call(connection, new String[] {to}, message).exceptionally(failure -> {
                log.debug("A probe was not taken by {}", shard.address(), failure);
                if (Redirection.of(failure) != null) {
                    onMisplaced.run();
                }
                return List.of();
            });
        }
    }

    private void fail(Connection connection, long now) {
        counters.probeFailures.increment();
        String why = "%s answers, but does not deliver: no probe has come back for %.1f s"
                .formatted(shard.address(), (now - wellNanos) / 1e9);
        if (outage == null) {
            log.warn("Deliveries do not flow: {}", why);
        }
        outage = why;
        wellNanos = now - PATIENCE.toNanos() + EVERY.toNanos(); // new connections get a moment
        shard.commandsHere().lost(connection, "probes do not come back");
        shard.subscriptions().giveUp("probes do not come back");
    }

    private void cameBack(byte[] message) {
        long now = System.nanoTime();
        wellNanos = now;
        if (new String(message, StandardCharsets.US_ASCII).equals(Long.toString(number))) {
            counters.probed(now - sentNanos);
        }
        if (outage != null) {
            outage = null;
            log.info("Deliveries flow again through {}", shard.address());
        }
    }

    void close() {
        closed = true;
        if (next != null) {
            next.cancel(false);
        }
    }
}
