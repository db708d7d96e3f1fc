package io.whimbrel.system.chaos;

/**
 * What is asked of a run beyond what is asked of all.
 *
 * @param readinessLimitMillis for how long a part may say that it is ready while nothing flows through it
 * @param leastJudged the share of the time, from 0 to 1, in which readiness must have been judged
 * @param oneIdEach whether no letter may be shown under two ids: so it is where an attempt is on disk before it is shown
 */
record Demands(long readinessLimitMillis, double leastJudged, boolean oneIdEach) {
    /** Runs on a machine of their own judge nearly all; one that misses a tenth proves less than it seems to. */
    static final Demands USUAL = new Demands(ReadinessRule.LIMIT_MILLIS, 0.9, false);

    /** Where the parts, and the run itself, may be starved. */
    Demands withReadiness(long limitMillis, double leastJudgedShare) {
        return new Demands(limitMillis, leastJudgedShare, oneIdEach);
    }

    Demands withOneIdEach() {
        return new Demands(readinessLimitMillis, leastJudged, true);
    }
}
