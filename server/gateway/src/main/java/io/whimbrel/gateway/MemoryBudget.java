package io.whimbrel.gateway;

import java.util.concurrent.atomic.AtomicLong;

/**
 * What all outboxes of a gateway hold together. Memory that many sessions share counts once per event loop. Safe for any
 * thread.
 */
final class MemoryBudget {
    /** From this share on new connections are turned away, so that those that are here can still be served. */
    private static final double FULL_SHARE = 0.8;

    private final AtomicLong takenBytes = new AtomicLong();
    private final long maxBytes;

    MemoryBudget(long maxBytes) {
        this.maxBytes = maxBytes;
    }

    void take(int bytes) {
        takenBytes.addAndGet(bytes);
    }

    void giveBack(int bytes) {
        takenBytes.addAndGet(-bytes);
    }

    long takenBytes() {
        return takenBytes.get();
    }

    /** Whether no outbox may grow now. */
    boolean isSpent() {
        return takenBytes.get() >= maxBytes;
    }

    /** Whether new connections should go elsewhere. */
    boolean isNearlySpent() {
        return takenBytes.get() >= maxBytes * FULL_SHARE;
    }
}
