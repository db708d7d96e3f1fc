package io.whimbrel.load;

/** The measured time: what is due in it counts. Safe for any thread. */
final class Window {
    private volatile long fromNanos = Long.MAX_VALUE;
    private volatile long toNanos = Long.MAX_VALUE;

    void begin(long nanos) {
        fromNanos = nanos;
    }

    void end(long nanos) {
        toNanos = nanos;
    }

    boolean holds(long nanos) {
        return nanos >= fromNanos && nanos < toNanos;
    }

    boolean hasEnded() {
        return toNanos != Long.MAX_VALUE;
    }
}
