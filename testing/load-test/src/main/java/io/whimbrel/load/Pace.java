package io.whimbrel.load;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * When the next publication is due. At a fixed rate: at its place in an even row, whatever happened before, so that a server
 * that stalls is charged for all that had to wait (coordinated omission). Otherwise: now, as long as fewer than the bound
 * are undelivered. Called on the publisher's loop, but where it says otherwise.
 */
final class Pace {
    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long STALL_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final double perSecond;
    private final int inFlight;
    private final LongSupplier delivered;

    private final AtomicBoolean waiting = new AtomicBoolean();
    private final AtomicLong stalls = new AtomicLong();
    private final AtomicLong expected = new AtomicLong();
    private long startNanos;
    private long turns;
    private long lastExpected = 1;
    private long writtenOff;
    private long lastDelivered;
    private long progressNanos;
    private volatile long behindNanos;

    /**
     * @param perSecond 0: as fast as the bound allows
     * @param inFlight publications whose deliveries may be outstanding, where there is no fixed rate
     * @param delivered deliveries so far; safe for any thread
     */
    Pace(double perSecond, int inFlight, LongSupplier delivered) {
        this.perSecond = perSecond;
        this.inFlight = inFlight;
        this.delivered = delivered;
    }

    void start(long nowNanos) {
        startNanos = nowNanos;
        progressNanos = nowNanos;
        writtenOff = -delivered.getAsLong();
    }

    /** Not after {@code nowNanos}: publish, stamped with this time. Later: ask again then, or after {@link #takeWaiting}. */
    long nextDue(long nowNanos) {
        if (perSecond > 0) {
            long due = startNanos + (long) (turns * 1e9 / perSecond);
            behindNanos = Math.max(behindNanos, nowNanos - due);
            return due;
        }
        if (hasRoom()) {
            return nowNanos;
        }
        waiting.set(true);
        if (hasRoom()) {
            waiting.set(false);
            return nowNanos;
        }
        giveUpOnStalled(nowNanos);
        return nowNanos + POLL_NANOS;
    }

    private long open() {
        return expected.get() - delivered.getAsLong() - writtenOff;
    }

    private boolean hasRoom() {
        return open() <= (inFlight - 1L) * lastExpected;
    }

    /** What has not come for a second, while nothing else came either, is no longer waited for. */
    private void giveUpOnStalled(long nowNanos) {
        long now = delivered.getAsLong();
        if (now != lastDelivered) {
            lastDelivered = now;
            progressNanos = nowNanos;
        } else if (nowNanos - progressNanos > STALL_NANOS) {
            writtenOff += open();
            stalls.incrementAndGet();
            progressNanos = nowNanos;
        }
    }

    void onSent(int deliveries) {
        turns++;
        lastExpected = Math.max(1, deliveries);
        expected.lazySet(expected.getPlain() + deliveries);
    }

    /** They will not come. */
    void onRefused(int deliveries) {
        expected.lazySet(expected.getPlain() - deliveries);
    }

    /** Whether the publisher waits for room and must be told; true only once for each wait. Safe for any thread. */
    boolean takeWaiting() {
        return waiting.getPlain() && waiting.compareAndSet(true, false);
    }

    /** How often a second passed without any delivery while the bound was reached. Safe for any thread. */
    long stalls() {
        return stalls.get();
    }

    /** Deliveries that should come in all. Safe for any thread. */
    long expected() {
        return expected.get();
    }

    /** How far a fixed rate fell behind at most. Safe for any thread. */
    long behindNanos() {
        return behindNanos;
    }
}
