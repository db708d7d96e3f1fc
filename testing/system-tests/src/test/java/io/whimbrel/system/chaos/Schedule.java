package io.whimbrel.system.chaos;

import io.whimbrel.system.chaos.Fault.Kind;
import io.whimbrel.system.chaos.Fault.Sort;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.function.Predicate;

/**
 * Faults at random, the same ones for the same seed and layout. Nothing is broken twice at a time, and nothing while it
 * still comes back; of what Redis runs on only one thing at a time is harmed, so that never both copies of a shard are.
 */
final class Schedule {
    private static final long LONGEST_PAUSE_MILLIS = 2_000;
    private static final long SHORTEST_PAUSE_MILLIS = 100;
    /** How long a process is left alone after it came back, and what a deployment of Redis gets to be in order. */
    private static final long REST_MILLIS = 4_000;

    /** What a wire gets, and Redis after what its copies of the data do not notice. */
    private static final long SHORT_REST_MILLIS = 300;

    private static final String REDIS_AS_A_WHOLE = "redis";

    private final Random random;
    private final Layout layout;
    private final List<Sort> sorts = new ArrayList<>();
    private final Map<Sort, List<Kind>> kinds = new EnumMap<>(Sort.class);
    /** When somebody may be a victim again. */
    private final Map<String, Long> freeFrom = new HashMap<>();

    private Schedule(long seed, Layout layout, Predicate<Kind> wanted) {
        random = new Random(seed);
        this.layout = layout;
        for (Kind kind : Kind.values()) {
            if (wanted.test(kind) && !layout.victims(kind).isEmpty()) {
                kinds.computeIfAbsent(kind.victim.sort, _ -> new ArrayList<>())
                        .addAll(Collections.nCopies(Math.max(1, kind.weight), kind));
            }
        }
        kinds.keySet().forEach(sort -> sorts.addAll(Collections.nCopies(sort.share, sort)));
    }

    static List<Fault> of(long seed, int faults, Layout layout) {
        return new Schedule(seed, layout, kind -> kind.weight > 0).draw(faults);
    }

    /** Each of which harms all copies of a shard, which the others never do. */
    static List<Fault> ofCopies(long seed, int faults, Layout layout) {
        return new Schedule(seed, layout, kind -> kind == Kind.KILL_COPIES).draw(faults);
    }

    /**
     * The sort comes first, and waits until there is something of it to break: or the one lock that all of Redis has would
     * let it come up seldom, beside so many wires.
     */
    private List<Fault> draw(int count) {
        List<Fault> faults = new ArrayList<>();
        long at = 0;
        while (faults.size() < count) {
            at += random.nextLong(SHORTEST_PAUSE_MILLIS, LONGEST_PAUSE_MILLIS);
            List<Kind> ofSort = Objects.requireNonNull(kinds.get(any(sorts)));
            at = Math.max(at, firstFree(ofSort));
            Kind kind = any(free(ofSort, at));
            Fault fault = new Fault(at, kind, any(freeVictims(kind, at)), length(kind));
            freeFrom.put(harmed(kind, fault.target()), fault.endMillis() + rest(fault));
            faults.add(fault);
        }
        return faults;
    }

    private long firstFree(List<Kind> ofSort) {
        return ofSort.stream()
                .distinct()
                .flatMap(kind -> layout.victims(kind).stream().map(victim -> freeFrom(kind, victim)))
                .min(Comparator.naturalOrder())
                .orElseThrow();
    }

    private List<Kind> free(List<Kind> ofSort, long at) {
        return ofSort.stream().filter(kind -> !freeVictims(kind, at).isEmpty()).toList();
    }

    private List<String> freeVictims(Kind kind, long at) {
        return layout.victims(kind).stream()
                .filter(victim -> freeFrom(kind, victim) <= at)
                .toList();
    }

    private long freeFrom(Kind kind, String victim) {
        return freeFrom.getOrDefault(harmed(kind, victim), 0L);
    }

    private <T> T any(List<T> all) {
        return all.get(random.nextInt(all.size()));
    }

    private static String harmed(Kind kind, String victim) {
        return Fault.harmsRedis(kind, victim) ? REDIS_AS_A_WHOLE : victim;
    }

    private static long rest(Fault fault) {
        return switch (fault.kind().victim.sort) {
            case REDIS -> leavesCopiesAlone(fault.kind()) ? SHORT_REST_MILLIS : REST_MILLIS;
            case SERVICES -> REST_MILLIS;
            case WIRES -> fault.harmsRedis() ? REST_MILLIS : SHORT_REST_MILLIS;
        };
    }

    private static boolean leavesCopiesAlone(Kind kind) {
        return kind == Kind.FORGET_SCRIPTS || kind == Kind.DROP_CLIENTS;
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
