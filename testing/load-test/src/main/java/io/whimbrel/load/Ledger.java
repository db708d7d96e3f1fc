package io.whimbrel.load;

import java.util.Arrays;

/**
 * What was published to one address: when each was sent, and which were accepted (HTTP 200) and when. Called on the
 * publisher's event loop; read by others after publishing has ended, but where it says otherwise.
 */
final class Ledger {
    static final long NOT_YET = Long.MAX_VALUE;

    private static final int FIRST_ENTRIES = 8;
    private static final long[] NONE = {};

    private long[] sentNanos = new long[FIRST_ENTRIES];

    /** Written again after each entry, so that any thread finds it. */
    private volatile long[] acceptedNanos = NONE;

    private int count;
    private final Numbers accepted = new Numbers();

    /** Answers the publication's number. */
    int onSent(long nanos) {
        if (count == sentNanos.length) {
            sentNanos = Arrays.copyOf(sentNanos, count + count / 2);
        }
        sentNanos[count] = nanos;
        return count++;
    }

    void onAccepted(int number, long nanos) {
        accepted.add(number);
        long[] all = acceptedNanos;
        if (number >= all.length) {
            all = Arrays.copyOf(all, sentNanos.length);
        }
        all[number] = nanos;
        acceptedNanos = all;
    }

    /** {@link #NOT_YET} where it was not, as far as is known. Safe for any thread. */
    long acceptedNanos(int number) {
        long[] all = acceptedNanos;
        return number < all.length && all[number] > 0 ? all[number] : NOT_YET;
    }

    long sentNanos(int number) {
        return sentNanos[number];
    }

    Numbers accepted() {
        return accepted;
    }
}
