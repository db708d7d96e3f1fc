package io.whimbrel.load;

import java.util.List;

/** A process whose CPU time and memory are told beside the result; its children count in. */
public record WatchedProcess(String name, long pid) {
    /** Reads {@code web:123,gateway:456}. */
    public static List<WatchedProcess> parse(String text) {
        return Texts.list(text).stream().map(WatchedProcess::one).toList();
    }

    private static WatchedProcess one(String text) {
        int colon = text.indexOf(':');
        try {
            if (colon > 0) {
                return new WatchedProcess(text.substring(0, colon), Long.parseUnsignedLong(text.substring(colon + 1)));
            }
        } catch (NumberFormatException _) {
            // is told below
        }
        throw new IllegalArgumentException("--pids holds \"%s\", but must be a list of name:pid".formatted(text));
    }
}
