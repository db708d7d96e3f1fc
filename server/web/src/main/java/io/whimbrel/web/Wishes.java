package io.whimbrel.web;

import org.jspecify.annotations.Nullable;

/**
 * What a publisher wants to know of its message's way.
 *
 * @param receipt which sessions it waits for; null where it does not wait
 * @param timeoutMillis how long it waits at most
 * @param trace whether every hop is to be written down
 */
record Wishes(@Nullable Level receipt, long timeoutMillis, boolean trace) {
    static final long DEFAULT_TIMEOUT_MILLIS = 5_000;
    static final long LONGEST_TIMEOUT_MILLIS = 30_000;
    static final Wishes NONE = new Wishes(null, DEFAULT_TIMEOUT_MILLIS, false);

    /** What a session must have done to count. */
    enum Level {
        /** Its socket took all bytes. */
        WRITTEN,
        /** Its client said that it has the message. */
        ACKED
    }
}
