package io.whimbrel.broker;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** What one node's broker did since its start. Written by the broker, read by metrics. Safe for any thread. */
public final class BrokerCounters {
    public final LongAdder published = new LongAdder();
    /** Publications refused because the broker did not answer in time. */
    public final LongAdder publishFailures = new LongAdder();

    public final LongAdder received = new LongAdder();
    /** Received, but not in a form this version reads; dropped. */
    public final LongAdder malformed = new LongAdder();
    /** How often a lost connection came back. */
    public final LongAdder reconnects = new LongAdder();
    /** Subscriptions that went from one shard to another. */
    public final LongAdder moved = new LongAdder();
    /** Subscriptions that the broker turned out not to have, and were made again. */
    public final LongAdder subscriptionsMissing = new LongAdder();
    /** How often deliveries did not flow although the broker answered. */
    public final LongAdder probeFailures = new LongAdder();
    /** How long the last probe was under way, in nanoseconds; of the slowest shard's since it was read. */
    private final AtomicLong slowestProbeNanos = new AtomicLong();
    /** Notices that were not taken, since too many are in force. */
    public final LongAdder noticesRefused = new LongAdder();
    /** Of traced publications. */
    public final LongAdder hopsWritten = new LongAdder();
    /** Not written down, since too much waited or the broker did not take it. */
    public final LongAdder hopsDropped = new LongAdder();

    /** A probe has come back. */
    public void probed(long nanos) {
        slowestProbeNanos.accumulateAndGet(nanos, Math::max);
    }

    /** How long the slowest probe since the last call was under way, in nanoseconds; 0 where none came back. */
    public long takeSlowestProbeNanos() {
        return slowestProbeNanos.getAndSet(0);
    }

    /**
     * Counts a publication with an idempotency key.
     *
     * @param outcome null where the broker did not answer in time
     */
    public void countOnce(@Nullable PublishedOnce outcome) {
        switch (outcome) {
            case null -> publishFailures.increment();
            case PublishedOnce.First _ -> published.increment();
            case PublishedOnce.Repeat _, PublishedOnce.Mismatch _ -> {} // nothing was published
        }
    }
}
