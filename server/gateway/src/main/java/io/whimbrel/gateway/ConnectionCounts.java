package io.whimbrel.gateway;

import java.util.concurrent.ConcurrentHashMap;

/** How many connections each of many owners has. Grows and shrinks with them. Safe for any thread. */
final class ConnectionCounts<K> {
    private final ConcurrentHashMap<K, Integer> counts = new ConcurrentHashMap<>();
    private final int max;

    /** @param max of one owner; 0 for no limit, and then nothing is counted */
    ConnectionCounts(int max) {
        this.max = max;
    }

    boolean isLimited() {
        return max > 0;
    }

    /** Counts one more, unless the owner has as many as it may. */
    boolean take(K owner) {
        boolean[] taken = {false};
        counts.compute(owner, (_, have) -> {
            int before = have == null ? 0 : have;
            taken[0] = before < max;
            return taken[0] ? before + 1 : have;
        });
        return taken[0];
    }

    void giveBack(K owner) {
        counts.computeIfPresent(owner, (_, have) -> have == 1 ? null : have - 1);
    }

    int owners() {
        return counts.size();
    }
}
