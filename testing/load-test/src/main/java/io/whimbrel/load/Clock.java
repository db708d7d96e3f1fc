package io.whimbrel.load;

/** Nanoseconds of this process, positive and of at most 16 digits for 115 days, so that they fit into a {@link Stamp}. */
final class Clock {
    private static final long SECOND = 1_000_000_000L;
    private static final long ORIGIN = System.nanoTime() - SECOND;

    private Clock() {}

    static long nanos() {
        return System.nanoTime() - ORIGIN;
    }

    static double seconds(long nanos) {
        return (double) nanos / SECOND;
    }
}
