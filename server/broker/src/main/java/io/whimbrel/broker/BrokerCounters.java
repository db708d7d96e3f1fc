package io.whimbrel.broker;

import java.util.concurrent.atomic.LongAdder;

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
}
