package io.whimbrel.broker;

import java.util.regex.Pattern;

/**
 * A short fact that holds until its end. A later one of the same kind about the same takes its place; one whose end is over
 * already takes it back.
 *
 * @param kind what sort of fact this is: 1 to 32 small letters
 * @param about what it is about: 1 to {@value #LONGEST_ABOUT} visible ASCII characters
 * @param text what there is to say of that: up to {@value #LONGEST_TEXT} visible ASCII characters and blanks
 * @param untilMillis since 1970, positive
 */
public record Notice(String kind, String about, String text, long untilMillis) {
    public static final int LONGEST_ABOUT = 128;
    public static final int LONGEST_TEXT = 512;

    private static final Pattern KIND = Pattern.compile("[a-z]{1,32}");
    private static final Pattern ABOUT = Pattern.compile("[!-~]{1,%d}".formatted(LONGEST_ABOUT));
    private static final Pattern TEXT = Pattern.compile("[ -~]{0,%d}".formatted(LONGEST_TEXT));
    /** Up to here a number with a fraction, as Redis sorts by, tells milliseconds apart. */
    private static final long LATEST_MILLIS = 1L << 53;

    public Notice {
        requireKind(kind);
        if (!ABOUT.matcher(about).matches() || !TEXT.matcher(text).matches()) {
            throw new IllegalArgumentException(
                    "a notice of kind %s is about too much, or says too much".formatted(kind));
        }
        if (untilMillis < 1 || untilMillis > LATEST_MILLIS) {
            throw new IllegalArgumentException("a notice ends at some time, not at %d ms".formatted(untilMillis));
        }
    }

    /** Throws {@link IllegalArgumentException} for what is none. */
    public static void requireKind(String kind) {
        if (!KIND.matcher(kind).matches()) {
            throw new IllegalArgumentException("'%s' is no kind of notice".formatted(kind));
        }
    }
}
