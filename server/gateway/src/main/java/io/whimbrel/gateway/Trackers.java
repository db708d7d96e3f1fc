package io.whimbrel.gateway;

import io.netty.util.concurrent.EventExecutor;
import io.whimbrel.broker.HopWriter;
import io.whimbrel.broker.Receipts;
import io.whimbrel.broker.Receipts.Count;
import io.whimbrel.broker.Traces.Leg;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Tracking;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The publications of this gateway whose senders want to know what became of them. What is counted is told to the broker by one
 * thread, in one go for all that has changed until its turn. Safe for any thread.
 */
final class Trackers {
    private static final Logger log = LoggerFactory.getLogger(Trackers.class);

    /** How many are followed at the same time; the oldest is not followed any further when there are more. */
    static final int MOST = 10_000;

    private static final long RETRY_MILLIS = 1_000;

    private final Supplier<Receipts> receipts;
    private final HopWriter hops;
    private final Supplier<String> node;
    private final EventExecutor executor;
    private final GatewayMetrics metrics;
    private final LongSupplier clockMillis;
    /** By id, the oldest first. Guarded by itself. */
    private final Map<String, Tracker> known = new LinkedHashMap<>();

    private final ConcurrentLinkedQueue<Tracker> changed = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean scheduled = new AtomicBoolean();

    /**
     * @param hops takes what is written down of traced publications
     * @param node this gateway's name, once it is told anything of
     * @param executor has a single thread
     * @param clockMillis monotonic
     */
    Trackers(
            Supplier<Receipts> receipts,
            HopWriter hops,
            Supplier<String> node,
            EventExecutor executor,
            GatewayMetrics metrics,
            LongSupplier clockMillis) {
        this.receipts = receipts;
        this.hops = hops;
        this.node = node;
        this.executor = executor;
        this.metrics = metrics;
        this.clockMillis = clockMillis;
    }

    /** Null for a publication of which nothing is to be told. */
    @Nullable
    Tracker of(Publication publication) {
        Tracking tracking = publication.tracking();
        if (tracking == null || !(tracking.receipt() || tracking.traced())) {
            return null;
        }
        long now = clockMillis.getAsLong();
        synchronized (known) {
            Tracker tracker = known.get(publication.id());
            if (tracker == null) {
                forgetSome(now);
                Trail trail = tracking.traced() ? new Trail(hops, publication) : null;
                tracker = new Tracker(this, publication, tracking, trail, now + Receipts.KEPT_FOR.toMillis());
                known.put(publication.id(), tracker);
            }
            return tracker;
        }
    }

    private void forgetSome(long now) {
        var oldest = known.values().iterator();
        while (oldest.hasNext()) {
            boolean old = oldest.next().forgottenAtMillis <= now;
            if (!old && known.size() < MOST) {
                return;
            }
            if (!old) {
                metrics.receiptGivenUp();
            }
            oldest.remove();
        }
    }

    int size() {
        synchronized (known) {
            return known.size();
        }
    }

    void onChange(Tracker tracker) {
        changed.add(tracker);
        if (scheduled.compareAndSet(false, true)) {
            executor.execute(this::tell);
        }
    }

    private void tell() {
        scheduled.set(false);
        List<Tracker> telling = new ArrayList<>();
        for (Tracker tracker; (tracker = changed.poll()) != null; ) {
            telling.add(tracker);
        }
        if (telling.isEmpty()) {
            return;
        }
        String self = node.get();
        List<Count> counts = new ArrayList<>();
        List<Leg> legs = new ArrayList<>();
        telling.forEach(it -> it.take(self, counts, legs));
        legs.stream().filter(leg -> !leg.hops().isEmpty()).forEach(hops::write);
        if (!counts.isEmpty()) {
            tell(counts, telling);
        }
    }

    private void tell(List<Count> counts, List<Tracker> telling) {
        metrics.receiptsTold(counts.size());
        receipts.get().report(counts).whenComplete((_, failure) -> {
            if (failure != null) {
                metrics.receiptsUntold(counts.size());
                log.debug("{} receipts could not be told of, trying on", counts.size(), failure);
                var _ = executor.schedule(() -> telling.forEach(this::onChange), RETRY_MILLIS, TimeUnit.MILLISECONDS);
            }
        });
    }
}
