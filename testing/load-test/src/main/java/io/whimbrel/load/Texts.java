package io.whimbrel.load;

import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** Values as people write and read them. */
final class Texts {
    private Texts() {}

    /** The items of a list with commas; empty ones are left out. */
    static List<String> list(String text) {
        return Stream.of(text.split(",", -1))
                .map(String::strip)
                .filter(item -> !item.isEmpty())
                .toList();
    }

    /** 1,234,567, or with decimals where it is small. */
    static String number(double value) {
        double size = Math.abs(value);
        String form = size >= 100 || value == Math.rint(value) ? "%,.0f" : size >= 1 ? "%,.2f" : "%,.4f";
        return String.format(Locale.ROOT, form, value);
    }

    static String number(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }

    static String millis(double nanos) {
        double millis = nanos / 1e6;
        return String.format(Locale.ROOT, millis < 10 ? "%,.3f ms" : millis < 1_000 ? "%,.1f ms" : "%,.0f ms", millis);
    }

    static String millis(long nanos) {
        return millis((double) nanos);
    }

    static String mebibytes(double bytes) {
        return String.format(Locale.ROOT, "%,.1f MiB", bytes / (1024 * 1024));
    }

    static String seconds(double seconds) {
        return String.format(Locale.ROOT, "%,.2f s", seconds);
    }
}
