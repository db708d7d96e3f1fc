package io.whimbrel.system.chaos;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Everything that was seen and done in a run, in the order in which it was noted. Safe for any thread. */
final class Ledger {
    private final long startNanos = System.nanoTime();
    private final List<Entry> entries = new ArrayList<>();

    /** Milliseconds since the run began. */
    long now() {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNanos);
    }

    synchronized void note(Entry entry) {
        entries.add(entry);
    }

    synchronized List<Entry> entries() {
        return List.copyOf(entries);
    }
}
