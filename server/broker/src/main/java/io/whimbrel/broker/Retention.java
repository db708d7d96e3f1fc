package io.whimbrel.broker;

import java.time.Duration;

/**
 * How much of a topic is kept: its last publications, up to a number, until so long after the newest of them.
 *
 * @param publications 0 where nothing is kept
 */
public record Retention(int publications, Duration time) {
    public static final Retention NONE = new Retention(0, Duration.ZERO);

    /** What one topic may keep at most, so that it can be read at once. */
    public static final int MAX_PUBLICATIONS = 100_000;

    public Retention {
        if (publications < 0 || publications > MAX_PUBLICATIONS) {
            throw new IllegalArgumentException(
                    "a topic keeps 0 to %d publications, not %d".formatted(MAX_PUBLICATIONS, publications));
        }
        if (publications > 0 && time.toMillis() <= 0) {
            throw new IllegalArgumentException("publications are kept for a while, not for " + time);
        }
    }

    public boolean keepsAny() {
        return publications > 0;
    }
}
