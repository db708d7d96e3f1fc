package io.whimbrel.load;

import java.util.Arrays;

/** From when to when a client was connected. Called on one thread at a time, with times that rise. */
final class Presence {
    static final long NEVER = -1;

    private static final long FOREVER = Long.MAX_VALUE;

    /** Comes and goes in turn. */
    private long[] turns = new long[2];

    private int count;

    void onCome(long nanos) {
        add(nanos);
    }

    /** Does nothing where the client was away. */
    void onGo(long nanos) {
        if (isHere()) {
            add(nanos);
        }
    }

    private void add(long nanos) {
        if (count == turns.length) {
            turns = Arrays.copyOf(turns, count * 2);
        }
        turns[count++] = nanos;
    }

    boolean isHere() {
        return count % 2 == 1;
    }

    /** Whether it was connected before this time. */
    boolean hasReturned() {
        return count > 2;
    }

    /**
     * When it came back after that time, to stay at least this long or until now; {@link #NEVER} where it has not. The first
     * time it came was no coming back.
     */
    long returnedAfter(long nanos, long stayNanos) {
        for (int i = 2; i < count; i += 2) {
            if (turns[i] >= nanos && (i + 1 == count || turns[i + 1] - turns[i] >= stayNanos)) {
                return turns[i];
            }
        }
        return NEVER;
    }

    boolean wasHere(long fromNanos, long toNanos) {
        for (int i = 0; i < count; i += 2) {
            long goneNanos = i + 1 < count ? turns[i + 1] : FOREVER;
            if (turns[i] <= fromNanos && toNanos <= goneNanos) {
                return true;
            }
        }
        return false;
    }
}
