package io.whimbrel.web;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/** Undoes percent-coding strictly: two hexadecimal digits after each {@code %}, and UTF-8 as the result. */
final class PercentCoding {
    private PercentCoding() {}

    /** A part of a path (RFC 3986 §2.1), where {@code +} is itself. */
    static Optional<String> decodePath(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return decode(bytes, 0, bytes.length, false).map(utf8 -> new String(utf8, StandardCharsets.UTF_8));
    }

    /** A name or value of a form, where {@code +} is a space. */
    static Optional<byte[]> decodeForm(byte[] form, int from, int to) {
        return decode(form, from, to, true);
    }

    private static Optional<byte[]> decode(byte[] coded, int from, int to, boolean plusIsSpace) {
        byte[] decoded = new byte[to - from];
        int length = 0;
        for (int i = from; i < to; i++) {
            byte b = coded[i];
            if (b == '%') {
                int value = i + 2 < to ? hex(coded[i + 1], coded[i + 2]) : -1;
                if (value < 0) {
                    return Optional.empty();
                }
                b = (byte) value;
                i += 2;
            } else if (b == '+' && plusIsSpace) {
                b = ' ';
            }
            decoded[length++] = b;
        }
        byte[] utf8 = length == decoded.length ? decoded : Arrays.copyOf(decoded, length);
        return Utf8.isValid(utf8) ? Optional.of(utf8) : Optional.empty();
    }

    private static int hex(byte high, byte low) {
        int left = digit(high);
        int right = digit(low);
        return left < 0 || right < 0 ? -1 : (left << 4) | right;
    }

    private static int digit(byte b) {
        return b < 0 ? -1 : Character.digit(b, 16);
    }
}
