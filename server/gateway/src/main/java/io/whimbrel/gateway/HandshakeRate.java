package io.whimbrel.gateway;

import java.util.concurrent.atomic.AtomicLong;

/**
 * How many handshakes may begin a second: a token bucket kept as one number, the moment at which it will be full again
 * (the generic cell rate algorithm). Safe for any thread.
 */
final class HandshakeRate {
    private static final long NANOS_PER_SECOND = 1_000_000_000L;

    private final long nanosEach;
    private final long burstNanos;
    private final AtomicLong fullAtNanos;

    /** @param perSecond 0 for no limit */
    HandshakeRate(int perSecond, int burst, long nowNanos) {
        nanosEach = perSecond == 0 ? 0 : NANOS_PER_SECOND / perSecond;
        burstNanos = nanosEach * burst;
        fullAtNanos = new AtomicLong(nowNanos);
    }

    boolean allows(long nowNanos) {
        if (nanosEach == 0) {
            return true;
        }
        while (true) {
            long before = fullAtNanos.get();
            long after = (before - nowNanos > 0 ? before : nowNanos) + nanosEach;
            if (after - nowNanos > burstNanos) {
                return false;
            }
            if (fullAtNanos.compareAndSet(before, after)) {
                return true;
            }
        }
    }
}
