package io.whimbrel.system.chaos;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** How long deliveries stood still after each fault: from the fault to when canaries came again at every gateway, of every shard. */
final class Recoveries {
    /** Less is no standstill: canaries come every 50 or 100 ms, where all is well. */
    private static final long STANDSTILL_MILLIS = 500;
    /** A standstill that begins so long after a fault is over is no longer its doing. */
    private static final long AFTERMATH_MILLIS = 1_000;

    private record Standstill(long from, long to) {}

    private Recoveries() {}

    static List<Long> of(List<Entry> entries) {
        List<Standstill> standstills = standstills(entries);
        Map<Integer, Long> healedAt = new HashMap<>();
        for (Entry entry : entries) {
            if (entry instanceof Entry.Healed healed) {
                healedAt.put(healed.number(), healed.at());
            }
        }
        List<Long> millis = new ArrayList<>();
        for (Entry entry : entries) {
            if (entry instanceof Entry.Struck struck) {
                long at = struck.at();
                long until = healedAt.getOrDefault(struck.number(), at) + AFTERMATH_MILLIS;
                standstills.stream()
                        .filter(it -> it.to > at && it.from >= at - STANDSTILL_MILLIS && it.from <= until)
                        .mapToLong(it -> it.to - at)
                        .max()
                        .ifPresent(millis::add);
            }
        }
        return millis;
    }

    private static List<Standstill> standstills(List<Entry> entries) {
        Map<Canary, Long> last = new HashMap<>();
        List<Standstill> found = new ArrayList<>();
        for (Entry entry : entries) {
            if (entry instanceof Entry.CanaryCame came) {
                Long before = last.put(came.canary(), came.at());
                if (before != null && came.at() - before > STANDSTILL_MILLIS) {
                    found.add(new Standstill(before, came.at()));
                }
            }
        }
        return found;
    }
}
