package io.whimbrel.broker.redis;

import io.lettuce.core.cluster.SlotHash;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import io.whimbrel.broker.BrokerCounters;
import io.whimbrel.model.PublicationId;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends itself a message through one shard each second, the way publications go, and knows whether it comes back: connections
 * may be there, and PING be answered, while nothing is delivered. After a time without one both ways are made anew. Used on the event
 * loop, but for {@link #outage}, {@link #doubt}, {@link #lacksReplicas} and {@link #onUnanswered}.
 */
final class Probe {
    private static final Logger log = LoggerFactory.getLogger(Probe.class);

    static final Duration EVERY = Duration.ofSeconds(1);
    /** Looks whether one came back are more frequent. */
    private static final int LOOKS = 4;

    /** Without a probe that came back, while there are connections, deliveries do not flow. */
    static final Duration PATIENCE = Duration.ofMillis(2_500);

    /** A probe says the secret of its sender, and its number. */
    private static final int MESSAGE_BYTES = 2 * Long.BYTES;

    private final Shard shard;
    private final EventLoop loop;
    private final boolean asPublisher;
    private final BrokerCounters counters;
    private final Runnable onMisplaced;
    private final long secret = new SecureRandom().nextLong();
    private final String name = PublicationId.next(System.currentTimeMillis());

    private @Nullable String channel;
    private @Nullable ScheduledFuture<?> next;
    /** As the last one said that had to reach them. */
    private volatile boolean lacksReplicas;
    /** The connection that the last look found. */
    private @Nullable Connection at;
    /** Those from this one on went by connections that are there now. */
    private long firstNumber;

    private long takenNumber;
    private long backNumber;

    private long looks;
    private long number;
    private long sentNanos;
    /** When one came back, or when connections were there anew. */
    private long wellNanos = System.nanoTime();

    private boolean closed;
    private volatile @Nullable String outage;
    /** Whether one was taken and came back since there are connections. */
    private volatile boolean proven;

    /**
     * @param asPublisher whether a probe must reach as many replicas as a publication, since it stands for those
     * @param onMisplaced told when a node says that the probe's channel is not its own
     */
    Probe(Shard shard, EventLoop loop, boolean asPublisher, BrokerCounters counters, Runnable onMisplaced) {
        this.shard = shard;
        this.loop = loop;
        this.asPublisher = asPublisher;
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
            shard.subscriptions().listen(wanted, this::received, () -> {});
        }
        if (next == null) {
            long millis = EVERY.toMillis() / LOOKS;
            next = loop.scheduleAtFixedRate(this::look, millis, millis, TimeUnit.MILLISECONDS);
        }
    }

    /** Why deliveries do not flow although there are connections; empty when they do, or there are none. */
    Optional<String> outage() {
        return Optional.ofNullable(outage);
    }

    private void look() {
        if (closed) {
            return;
        }
        long now = System.nanoTime();
        Shard.CommandLink link = shard.commandsHere();
        Connection connection = link.connection();
        if (connection == null || shard.subscriptions().link().connection() == null) {
            wellNanos = now; // what is away is told elsewhere
            at = null;
            proven = false;
            return;
        }
        if (!connection.equals(at)) {
            at = connection;
            proven = false;
            firstNumber = number + 1;
            looks = 0;
        }
        if (now - wellNanos > PATIENCE.toNanos()) {
            fail(connection, now);
        } else if (looks++ % LOOKS == 0) {
            send(link, connection, now);
        }
    }

    private void send(Shard.CommandLink link, Connection connection, long now) {
        String to = channel;
        if (to == null) {
            return;
        }
        sentNanos = now;
        long sent = ++number;
        byte[] message =
                ByteBuffer.allocate(MESSAGE_BYTES).putLong(secret).putLong(sent).array();
        CompletionStage<?> taken = Errands.announce(connection, to, message);
        if (asPublisher) {
            taken = connection.durably(taken);
        }
        taken.whenCompleteAsync(
                (_, failure) -> {
                    if (failure == null) {
                        lacksReplicas = false;
                        takenNumber = sent;
                        prove();
                        if (backNumber >= sent) { // which it may be before the replicas have it
                            flows();
                        }
                    } else {
                        refused(link, connection, failure);
                    }
                },
                loop);
    }

    private void refused(Shard.CommandLink link, Connection connection, Throwable failure) {
        if (Redirection.of(failure) != null) {
            onMisplaced.run();
        } else if (RedisTrouble.isReplica(failure)) {
            link.lost(connection, "it has become a replica, which takes no writes");
        } else if (RedisTrouble.isAnswer(failure) || RedisTrouble.lacksReplicas(failure)) {
            // Such as OOM, or no replicas: another connection would be answered the same.
            takesNone(failure);
        } else {
            log.debug("A probe was not taken by {}", shard.address(), failure);
        }
    }

    /**
     * Told of a command of this node that was not answered, or not by replicas, as a probe would be: the next one may wait behind many
     * such, or go by another connection.
     */
    void onUnanswered(Throwable failure) {
        if (asPublisher && outage == null && !loop.isShuttingDown()) {
            loop.execute(() -> {
                if (outage == null || RedisTrouble.lacksReplicas(failure)) { // of many at once, that says most
                    takesNone(failure);
                }
            });
        }
    }

    private void takesNone(Throwable failure) {
        if (at == null) {
            return; // what is away is told elsewhere
        }
        lacksReplicas = RedisTrouble.lacksReplicas(failure);
        wellNanos = System.nanoTime();
        say("%s takes no messages: %s".formatted(shard.address(), RedisTrouble.describe(failure)));
    }

    private void say(String why) {
        if (outage == null) {
            counters.probeFailures.increment();
            log.warn("Deliveries do not flow: {}", why);
        }
        outage = why;
    }

    private void fail(Connection connection, long now) {
        say("%s answers, but does not deliver: no probe has come back for %.1f s"
                .formatted(shard.address(), (now - wellNanos) / 1e9));
        wellNanos = now - PATIENCE.toNanos() + EVERY.toNanos(); // new connections get a moment
        shard.commandsHere().lost(connection, "probes do not come back");
        shard.subscriptions().giveUp("probes do not come back");
    }

    /** Whoever may publish in this Redis may send something here: only what this node has sent proves anything, and only once. */
    private void received(byte[] message) {
        ByteBuffer read = ByteBuffer.wrap(message);
        if (message.length == MESSAGE_BYTES && read.getLong() == secret) {
            long came = read.getLong();
            if (came > backNumber && came <= number) {
                cameBack(came);
                return;
            }
        }
        counters.malformed.increment();
    }

    private void cameBack(long came) {
        long now = System.nanoTime();
        wellNanos = now;
        backNumber = came;
        if (backNumber == number) {
            counters.probed(now - sentNanos);
        }
        prove();
        flows();
    }

    private void flows() {
        if (outage != null && !lacksReplicas) {
            outage = null;
            log.info("Deliveries flow again through {}", shard.address());
        }
    }

    private void prove() {
        proven |= at != null && takenNumber >= firstNumber && backNumber >= firstNumber;
    }

    /** Why it is not known yet whether deliveries flow; empty when it is. Nothing is refused for it. */
    Optional<String> doubt() {
        return proven
                ? Optional.empty()
                : Optional.of("no probe has come back through %s yet".formatted(shard.address()));
    }

    /** Whether what is published reaches too few replicas. */
    boolean lacksReplicas() {
        return lacksReplicas;
    }

    /** Leaves its channel behind to nobody, where the shard has no slots any more. */
    void leave() {
        if (channel != null) {
            shard.subscriptions().unlisten(channel);
        }
    }

    void close() {
        closed = true;
        if (next != null) {
            next.cancel(false);
        }
    }
}
