package io.whimbrel.broker.redis;

import io.netty.channel.EventLoop;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Nodes of a cluster without slots, while the first ones are under way to them: nobody lists them yet, but commands whose keys are there
 * already are sent on to them. They get connections for commands alone, for as long as somebody is sent there. Used on one event loop.
 */
final class Guests {
    private static final Logger log = LoggerFactory.getLogger(Guests.class);

    /** For so long after the last command; who is sent there later makes new connections. */
    private static final long STAY_MILLIS = 60_000;

    private final EventLoop loop;
    private final int mostWaiting;
    private final Function<ClusterShards.Node, Shard> newShard;
    private final Map<ClusterShards.Node, Guest> guests = new HashMap<>();

    private static final class Guest {
        private final Shard shard;
        /** Who came before there was a connection, in order; null when there is one, or will be none for now. */
        private @Nullable Queue<CompletableFuture<Shard>> waiting = new ArrayDeque<>();

        private long askedNanos = System.nanoTime();

        private Guest(Shard shard) {
            this.shard = shard;
        }

        private void begin() {
            Queue<CompletableFuture<Shard>> all = waiting;
            waiting = null;
            if (all != null) {
                all.forEach(it -> it.complete(shard));
            }
        }
    }

    /** @param mostWaiting commands that wait for the first connection to a node, each; further ones are refused */
    Guests(EventLoop loop, int mostWaiting, Function<ClusterShards.Node, Shard> newShard) {
        this.loop = loop;
        this.mostWaiting = mostWaiting;
        this.newShard = newShard;
    }

    /** Completes the result when there is a connection to the node, or there will be none for now. */
    void visit(ClusterShards.Node node, CompletableFuture<Shard> result) {
        Guest guest = guests.computeIfAbsent(node, this::come);
        guest.askedNanos = System.nanoTime();
        if (guest.waiting == null) {
            result.complete(guest.shard);
        } else if (guest.waiting.size() < mostWaiting) {
            guest.waiting.add(result);
        } else {
            result.completeExceptionally(
                    new Shards.NoShardException("too many commands wait for a connection to " + node));
        }
    }

    private Guest come(ClusterShards.Node node) {
        log.info("Of the cluster, {} is asked for what is under way to it", node);
        Guest guest = new Guest(newShard.apply(node));
        var _ = guest.shard.startCommands().whenCompleteAsync((_, _) -> guest.begin(), loop);
        lookLater(node, guest, STAY_MILLIS);
        return guest;
    }

    private void lookLater(ClusterShards.Node node, Guest guest, long millis) {
        var _ = loop.schedule(() -> look(node, guest), millis, TimeUnit.MILLISECONDS);
    }

    private void look(ClusterShards.Node node, Guest guest) {
        long unasked = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - guest.askedNanos);
        if (unasked < STAY_MILLIS) {
            lookLater(node, guest, STAY_MILLIS - unasked);
        } else if (guests.remove(node, guest)) {
            log.info("Of the cluster, {} has got no slots and is left", node);
            var _ = guest.shard.close();
        }
    }

    @Nullable
    Shard find(ClusterShards.Node node) {
        Guest guest = guests.get(node);
        return guest == null ? null : guest.shard;
    }

    /** Hands a node over that has slots now; false where it is no guest. */
    boolean release(ClusterShards.Node node) {
        return guests.remove(node) != null;
    }

    /** Hands all over, to be closed. */
    Collection<Shard> releaseAll() {
        Collection<Shard> all = new ArrayList<>();
        guests.values().forEach(guest -> all.add(guest.shard));
        guests.clear();
        return all;
    }
}
