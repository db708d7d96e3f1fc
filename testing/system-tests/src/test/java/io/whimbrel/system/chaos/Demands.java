package io.whimbrel.system.chaos;

/**
 * What is asked of a run beyond what is asked of all.
 *
 * @param readinessLimitMillis for how long a part may say that it is ready while nothing flows through it
 * @param oneIdEach whether no letter may be shown under two ids: so it is where an attempt is on disk before it is shown
 */
record Demands(long readinessLimitMillis, boolean oneIdEach) {
    static final Demands USUAL = new Demands(ReadinessRule.LIMIT_MILLIS, false);

    /** Where the parts themselves may be starved. */
    Demands withReadinessLimit(long millis) {
        return new Demands(millis, oneIdEach);
    }

    Demands withOneIdEach() {
        return new Demands(readinessLimitMillis, true);
    }
}
