package io.whimbrel.broker;

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
    /** Notices that were not taken, since too many are in force. */
    public final LongAdder noticesRefused = new LongAdder();
    /** Of traced publications. */
    public final LongAdder hopsWritten = new LongAdder();
    /** Not written down, since too much waited or the broker did not take it. */
    public final LongAdder hopsDropped = new LongAdder();

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
