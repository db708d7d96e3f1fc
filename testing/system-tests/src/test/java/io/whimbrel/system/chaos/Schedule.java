package io.whimbrel.system.chaos;

import io.whimbrel.system.chaos.Fault.Kind;
import io.whimbrel.system.chaos.Fault.Victim;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Faults at random, the same ones for the same seed and layout. Nothing is broken twice at a time, and nothing while it
 * still comes back; of what Redis runs on only one thing at a time is harmed, so that never both copies of a shard are.
 */
final class Schedule {
    private static final long LONGEST_PAUSE_MILLIS = 2_000;
    private static final long SHORTEST_PAUSE_MILLIS = 100;
    /** How long a process is left alone after it came back, and what a deployment of Redis gets to be in order. */
    private static final long REST_MILLIS = 4_000;

    private static final long REST_OF_A_WIRE_MILLIS = 300;
    private static final String REDIS_AS_A_WHOLE = "redis";

    private final Random random;
    private final Layout layout;
    private final List<Kind> kinds = new ArrayList<>();
    /** When somebody may be a victim again. */
    private final Map<String, Long> freeFrom = new HashMap<>();

    private Schedule(long seed, Layout layout) {
        random = new Random(seed);
        this.layout = layout;
    }

    static List<Fault> of(long seed, int faults, Layout layout) {
        Schedule schedule = new Schedule(seed, layout);
        for (Kind kind : Kind.values()) {
            if (!layout.victims(kind).isEmpty()) {
                for (int i = 0; i < kind.weight; i++) {
                    schedule.kinds.add(kind);
                }
            }
        }
        return schedule.draw(faults);
    }

    /** Each of which harms all copies of a shard, which the others never do. */
    static List<Fault> ofCopies(long seed, int faults, Layout layout) {
        Schedule schedule = new Schedule(seed, layout);
        schedule.kinds.add(Kind.KILL_COPIES);
        return schedule.draw(faults);
    }

    private List<Fault> draw(int count) {
        List<Fault> faults = new ArrayList<>();
        long at = 0;
        while (faults.size() < count) {
            at += random.nextLong(SHORTEST_PAUSE_MILLIS, LONGEST_PAUSE_MILLIS);
            Kind kind = kinds.get(random.nextInt(kinds.size()));
            List<String> victims = layout.victims(kind);
            String target = victims.get(random.nextInt(victims.size()));
            Fault fault = new Fault(at, kind, target, length(kind));
            String harmed = harmed(fault);
            if (freeFrom.getOrDefault(harmed, 0L) <= at) {
                freeFrom.put(harmed, fault.endMillis() + rest(fault));
                faults.add(fault);
            }
        }
        return faults;
    }

    private static String harmed(Fault fault) {
        return fault.harmsRedis() ? REDIS_AS_A_WHOLE : fault.target();
    }

    private static long rest(Fault fault) {
        return fault.kind().victim == Victim.WIRE && !fault.harmsRedis() ? REST_OF_A_WIRE_MILLIS : REST_MILLIS;
    }

    private long length(Kind kind) {
        return switch (kind) {
            case KILL_GATEWAY, KILL_WEB -> random.nextLong(50, 2_000);
            case STOP_GATEWAY, STOP_WEB -> random.nextLong(100, 6_000);
            case KILL_REDIS, STOP_REDIS, KILL_SENTINEL, STOP_SENTINEL, KILL_COPIES -> random.nextLong(50, 6_000);
            case FAIL_OVER, MOVE_SLOT, FORGET_SCRIPTS, DROP_CLIENTS -> 0;
            case CUT -> random.nextLong(0, 2_000);
            case DELAY, THROTTLE, HALF_OPEN -> random.nextLong(200, 6_000);
            case HALVE -> random.nextLong(200, 1_000);
        };
    }
}
