package io.whimbrel.load;

import java.util.Arrays;

/**
 * What was published to one address: when each was sent, and which were accepted (HTTP 200). Called on the publisher's
 * event loop; read by others after publishing has ended.
 */
final class Ledger {
    private static final int FIRST_ENTRIES = 8;

    private long[] sentNanos = new long[FIRST_ENTRIES];
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

    void onAccepted(int number) {
        accepted.add(number);
    }

    long sentNanos(int number) {
        return sentNanos[number];
    }

    Numbers accepted() {
        return accepted;
    }
}
