package io.whimbrel.load;

import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** Values as people write and read them. */
final class Texts {
    private static final int LONGEST_REASON = 80;

    private Texts() {}

    /** The items of a list with commas; empty ones are left out. */
    static List<String> list(String text) {
        return Stream.of(text.split(",", -1))
                .map(String::strip)
                .filter(item -> !item.isEmpty())
                .toList();
    }

    /** Why a connection could not be made, without the address, so that equal reasons can be counted. */
    static String reason(Throwable cause) {
        String message = String.valueOf(cause.getMessage());
        if (message.contains("Connection refused")) {
            return "connection refused";
        }
        if (message.contains("unable to find valid certification path")) {
            return "its certificate is not trusted, see --trust";
        }
        int address = message.indexOf(": /");
        String reason = address < 0 ? message : message.substring(0, address);
        return reason.length() > LONGEST_REASON ? reason.substring(0, LONGEST_REASON) + "…" : reason;
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

    /** Rounded down, so that "100 %" is all of it. */
    static String share(long part, long whole) {
        double percent = whole == 0 ? 100 : Math.floor(part * 1e6 / whole) / 1e4;
        return BigDecimal.valueOf(percent).stripTrailingZeros().toPlainString() + " %";
    }

    static String millis(double nanos) {
        double millis = nanos / 1e6;
        return String.format(Locale.ROOT, millis < 10 ? "%,.3f ms" : millis < 1_000 ? "%,.1f ms" : "%,.0f ms", millis);
    }

    static String millis(long nanos) {
        return millis((double) nanos);
    }

    /** 0.1 ms and 100 ms: for round values. */
    static String shortMillis(double nanos) {
        return BigDecimal.valueOf(nanos / 1e6).stripTrailingZeros().toPlainString() + " ms";
    }

    static String mebibytes(double bytes) {
        return String.format(Locale.ROOT, "%,.1f MiB", bytes / (1024 * 1024));
    }

    static String seconds(double seconds) {
        return String.format(Locale.ROOT, "%,.2f s", seconds);
    }
}
