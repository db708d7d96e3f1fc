package io.whimbrel.model;

import java.util.Optional;

/**
 * A span of somebody's trace, of which further ones are children: the header {@code traceparent} of W3C Trace Context §3.2,
 * {@code 00-<trace id>-<span id>-<flags>}.
 *
 * @param traceId 32 digits of hexadecimal in small letters, not all of them 0
 * @param spanId 16 such digits, not all of them 0
 * @param flags one byte, see {@link #SAMPLED} and {@link #RANDOM}; the others have no meaning yet
 */
public record TraceParent(String traceId, String spanId, int flags) {
    /** Its trace is recorded. */
    public static final int SAMPLED = 1;
    /** Its trace id is random (Trace Context Level 2 §3.2.2.5.2). */
    public static final int RANDOM = 2;

    private static final int TRACE_ID = 3;
    private static final int SPAN_ID = 36;
    private static final int FLAGS = 53;
    private static final int LENGTH = 55;
    private static final int HIGHEST_FLAGS = 0xff;

    public TraceParent {
        if (!isId(traceId, 32) || !isId(spanId, 16) || flags < 0 || flags > HIGHEST_FLAGS) {
            throw new IllegalArgumentException("not a trace parent");
        }
    }

    /** Empty for what is none and is to be ignored. Of a later version it takes what that must have in common with ours (§4). */
    public static Optional<TraceParent> parse(String text) {
        if (text.length() < LENGTH || !isHex(text, 0, 2) || !isHex(text, FLAGS, LENGTH) || !hasDashes(text)) {
            return Optional.empty();
        }
        boolean ours = text.startsWith("00");
        boolean ends = text.length() == LENGTH || (!ours && text.charAt(LENGTH) == '-');
        if (!ends || text.startsWith("ff")) {
            return Optional.empty();
        }
        String traceId = text.substring(TRACE_ID, SPAN_ID - 1);
        String spanId = text.substring(SPAN_ID, FLAGS - 1);
        if (!isId(traceId, 32) || !isId(spanId, 16)) {
            return Optional.empty();
        }
        int flags = Integer.parseInt(text, FLAGS, LENGTH, 16);
        return Optional.of(new TraceParent(traceId, spanId, ours ? flags : flags & SAMPLED));
    }

    public boolean isSampled() {
        return (flags & SAMPLED) != 0;
    }

    /** As it is carried on, in version 00. */
    @Override
    public String toString() {
        return "00-" + traceId + '-' + spanId + (flags < 16 ? "-0" : "-") + Integer.toHexString(flags);
    }

    private static boolean hasDashes(String text) {
        return text.charAt(TRACE_ID - 1) == '-' && text.charAt(SPAN_ID - 1) == '-' && text.charAt(FLAGS - 1) == '-';
    }

    private static boolean isId(String text, int length) {
        return text.length() == length && isHex(text, 0, length) && text.chars().anyMatch(c -> c != '0');
    }

    private static boolean isHex(String text, int from, int to) {
        for (int i = from; i < to; i++) {
            char c = text.charAt(i);
            if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) {
                return false;
            }
        }
        return true;
    }
}
