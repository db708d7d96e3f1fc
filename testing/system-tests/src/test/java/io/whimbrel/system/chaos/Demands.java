package io.whimbrel.system.chaos;

/**
 * What is asked of a run beyond what is asked of all.
 *
 * @param readinessLimitMillis for how long a part may say that it is ready while nothing flows through it
 * @param leastJudged the share of the time, from 0 to 1, in which readiness must have been judged
 * @param oneIdEach whether no letter may be shown under two ids: so it is where an attempt is on disk before it is shown
 * @param kept how many of an address's last messages are: who misses more is to be told, and to be given these
 */
record Demands(long readinessLimitMillis, double leastJudged, boolean oneIdEach, int kept) {
    /** More than anybody misses while it is away, so that everybody is entitled to everything. */
    private static final int MORE_THAN_ANYBODY_MISSES = 1_000;

    /** Runs on a machine of their own judge nearly all; one that misses a tenth proves less than it seems to. */
    static final Demands USUAL = new Demands(ReadinessRule.LIMIT_MILLIS, 0.9, false, MORE_THAN_ANYBODY_MISSES);

    /** Where the parts, and the run itself, may be starved. */
    Demands withReadiness(long limitMillis, double leastJudgedShare) {
        return new Demands(limitMillis, leastJudgedShare, oneIdEach, kept);
    }

    Demands withOneIdEach() {
        return new Demands(readinessLimitMillis, leastJudged, true, kept);
    }

    Demands withKept(int most) {
        return new Demands(readinessLimitMillis, leastJudged, oneIdEach, most);
    }

    /** Whether no absence excuses that a client lacks something. */
    boolean keepsAll() {
        return kept >= MORE_THAN_ANYBODY_MISSES;
    }
}
