package io.whimbrel.web;

/**
 * Which publications are traced, beside those whose publishers ask for it.
 *
 * @param share of all publications, 0 to 1, chosen at random
 * @param perSecond how many this server traces at most, for whatever reason; 0 for none
 */
public record TraceSettings(double share, int perSecond) {
    public static final TraceSettings DEFAULT = new TraceSettings(0, 50);

    private static final int MOST_PER_SECOND = 100_000;

    public TraceSettings {
        if (!(share >= 0 && share <= 1)) { // as NaN is not
            throw new IllegalArgumentException("trace.share is \"%s\", but must be 0 to 1".formatted(share));
        }
        if (perSecond < 0 || perSecond > MOST_PER_SECOND) {
            throw new IllegalArgumentException(
                    "trace.max-per-second is \"%d\", but must be 0 to %d".formatted(perSecond, MOST_PER_SECOND));
        }
    }
}
