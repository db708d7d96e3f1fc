package io.whimbrel.gateway;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deadlines of many sessions at the cost of three fields each: a ring of slots, each a linked list of the entries due
 * there. An entry due later than the ring is long comes up early and schedules itself again. Used on one thread.
 */
final class TimingWheel {
    static final int SLOTS = 512;

    /** What waits in the wheel, in one place at a time. */
    abstract static class Entry {
        private @Nullable Entry next;
        private @Nullable Entry previous;
        private int slot = UNSCHEDULED;

        /** Called at or shortly after the deadline, or early; the entry is no longer scheduled then. */
        abstract void onDeadline(long nowMillis);
    }

    private static final Logger log = LoggerFactory.getLogger(TimingWheel.class);

    private static final int UNSCHEDULED = -1;

    private final long tickMillis;
    private final @Nullable Entry[] slots = new @Nullable Entry[SLOTS];
    /** The last tick whose slot has come up, counted since the clock's zero. */
    private long tick;

    private int size;

    TimingWheel(long tickMillis, long nowMillis) {
        this.tickMillis = tickMillis;
        tick = nowMillis / tickMillis;
    }

    /** Puts the entry where it comes up at the deadline, never before the next tick; moves it if it waits elsewhere. */
    void schedule(Entry entry, long deadlineMillis) {
        cancel(entry);
        long due = Math.ceilDiv(deadlineMillis, tickMillis);
        long within = Math.clamp(due, tick + 1, tick + SLOTS - 1);
        int slot = (int) (within % SLOTS);
        Entry head = slots[slot];
        entry.slot = slot;
        entry.next = head;
        if (head != null) {
            head.previous = entry;
        }
        slots[slot] = entry;
        size++;
    }

    void cancel(Entry entry) {
        if (entry.slot == UNSCHEDULED) {
            return;
        }
        Entry next = entry.next;
        Entry previous = entry.previous;
        if (next != null) {
            next.previous = previous;
        }
        if (previous != null) {
            previous.next = next;
        } else {
            slots[entry.slot] = next;
        }
        entry.next = null;
        entry.previous = null;
        entry.slot = UNSCHEDULED;
        size--;
    }

    /** Calls every entry whose time has come. */
    void advance(long nowMillis) {
        long target = nowMillis / tickMillis;
        // After a pause longer than the ring one turn visits every slot.
        tick = Math.max(tick, target - SLOTS);
        while (tick < target) {
            tick++;
            int slot = (int) (tick % SLOTS);
            Entry entry;
            while ((entry = slots[slot]) != null) {
                cancel(entry);
                try {
                    entry.onDeadline(nowMillis);
                } catch (RuntimeException | Error e) {
                    // A mistake of ours about one session, or no memory for it, must not stop the hearts of all others.
                    log.error("A deadline could not be handled", e);
                }
            }
        }
    }

    /** Visits every entry; the visitor may cancel or move the one it is given. */
    void forEach(Consumer<Entry> visitor) {
        for (int slot = 0; slot < SLOTS; slot++) {
            for (Entry entry = slots[slot]; entry != null; ) {
                Entry next = entry.next;
                visitor.accept(entry);
                entry = next;
            }
        }
    }

    int size() {
        return size;
    }
}
