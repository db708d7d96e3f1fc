package io.whimbrel.load;

/**
 * One second of a run.
 *
 * @param atSeconds its end, since the run began
 * @param p99Nanos 0 where nothing came
 */
record Second(
        double atSeconds,
        String phase,
        int connected,
        double publishedPerSecond,
        double deliveredPerSecond,
        long p50Nanos,
        long p99Nanos) {}
