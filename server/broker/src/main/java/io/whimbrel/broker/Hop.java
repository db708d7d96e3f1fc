package io.whimbrel.broker;

import java.time.Instant;
import java.util.concurrent.TimeUnit;

/**
 * One point of a publication's way. Holds no payload and no token.
 *
 * @param timeMicros by the node's clock, microseconds since 1970
 * @param node who wrote it down: 1 to 64 visible ASCII characters
 * @param what the words of an {@link Outcome}: 1 to 64 characters, none of them a control character
 * @param detail the same in numbers and reasons: up to 200 characters, likewise
 */
public record Hop(long timeMicros, String node, String what, String detail) {
    public static final int MAX_NODE_LENGTH = 64;
    public static final int MAX_WHAT_LENGTH = 64;
    public static final int MAX_DETAIL_LENGTH = 200;

    public Hop {
        if (node.isEmpty() || node.length() > MAX_NODE_LENGTH || !node.chars().allMatch(c -> c > ' ' && c < 127)) {
            throw new IllegalArgumentException(
                    "a node's name has 1 to %d visible ASCII characters".formatted(MAX_NODE_LENGTH));
        }
        if (what.isEmpty() || what.length() > MAX_WHAT_LENGTH || holdsControl(what)) {
            throw new IllegalArgumentException(
                    "what became of it has 1 to %d characters, no control characters".formatted(MAX_WHAT_LENGTH));
        }
        if (detail.length() > MAX_DETAIL_LENGTH || holdsControl(detail)) {
            throw new IllegalArgumentException(
                    "a detail has up to %d characters, no control characters".formatted(MAX_DETAIL_LENGTH));
        }
    }

    public Hop(long timeMicros, String node, Outcome outcome, String detail) {
        this(timeMicros, node, outcome.words(), detail);
    }

    public boolean is(Outcome outcome) {
        return what.equals(outcome.words());
    }

    public static long micros(Instant time) {
        return TimeUnit.SECONDS.toMicros(time.getEpochSecond()) + TimeUnit.NANOSECONDS.toMicros(time.getNano());
    }

    private static boolean holdsControl(String text) {
        return text.chars().anyMatch(Character::isISOControl);
    }
}
