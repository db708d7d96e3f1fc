package io.whimbrel.web;

import io.whimbrel.broker.Receipts.Count;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/** What is known so far of who has one message, while its publisher waits. Safe for any thread. */
final class AwaitedReceipt {
    private static final int UNKNOWN = -1;

    private final Wishes.Level level;
    private final long timeoutMillis;
    private final long beganNanos;
    private final CompletableFuture<Void> complete = new CompletableFuture<>();
    private final Map<String, Count> counts = new HashMap<>();
    private int nodes = UNKNOWN;

    AwaitedReceipt(Wishes.Level level, long timeoutMillis, long beganNanos) {
        this.level = level;
        this.timeoutMillis = timeoutMillis;
        this.beganNanos = beganNanos;
    }

    /** At least 1, so that a timer can be set. */
    long leftMillis(long nowNanos) {
        return Math.max(1, timeoutMillis - elapsedMillis(nowNanos));
    }

    private long elapsedMillis(long nowNanos) {
        return TimeUnit.NANOSECONDS.toMillis(nowNanos - beganNanos);
    }

    /** Completes when every session that was connected when the message was published has it. */
    CompletionStage<Void> complete() {
        return complete;
    }

    boolean isComplete() {
        return complete.isDone();
    }

    /** @param atNodes how many it was sent to; a negative number where it is not known */
    void onPublished(int atNodes) {
        synchronized (this) {
            nodes = Math.max(nodes, atNodes);
        }
        completeWhenAllHave();
    }

    void onCount(Count count) {
        synchronized (this) {
            counts.put(count.node(), count);
        }
        completeWhenAllHave();
    }

    private void completeWhenAllHave() {
        if (allHave()) {
            complete.complete(null);
        }
    }

    private synchronized boolean allHave() {
        return nodes != UNKNOWN
                && counts.size() >= nodes
                && counts.values().stream().allMatch(this::allHave);
    }

    private boolean allHave(Count count) {
        return count.sessions()
                <= switch (level) {
                    case WRITTEN -> count.written();
                    case ACKED -> count.acked();
                };
    }

    /** As the publisher reads it. */
    synchronized String json(long nowNanos) {
        return json(Math.max(0, nodes), counts.values(), elapsedMillis(nowNanos));
    }

    /** @param millis negative where nobody waited */
    static String json(int nodes, Iterable<Count> counts, long millis) {
        int sessions = 0;
        int written = 0;
        int acked = 0;
        for (Count count : counts) {
            sessions += count.sessions();
            written += count.written();
            acked += count.acked();
        }
        return "{\"gateways\":" + nodes + ",\"sessions\":" + sessions + ",\"written\":" + written + ",\"acked\":"
                + acked + (millis < 0 ? "" : ",\"ms\":" + millis) + '}';
    }
}
