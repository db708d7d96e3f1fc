package io.whimbrel.gateway;

import io.netty.buffer.ByteBuf;

/**
 * Checks UTF-8 (RFC 3629) piece by piece, so that a message need not be kept to be checked. The state between two
 * pieces is one int: how many bytes of a character are missing, and between which bounds the next one must lie.
 */
final class Utf8 {
    /** Between two characters. */
    static final int BOUNDARY = 0;

    static final int INVALID = -1;

    private Utf8() {}

    /** The state after these bytes, or {@link #INVALID} for good. Reads without moving the reader index. */
    static int advance(int state, ByteBuf bytes) {
        int current = state;
        for (int i = bytes.readerIndex(); i < bytes.writerIndex(); i++) {
            int b = bytes.getByte(i) & 0xFF;
            if (current == BOUNDARY) {
                if (b >= 0x80) {
                    current = lead(b);
                }
            } else {
                current = continuation(current, b);
            }
            if (current == INVALID) {
                return INVALID;
            }
        }
        return current;
    }

    private static int lead(int b) {
        if (b < 0xC2 || b > 0xF4) {
            return INVALID;
        }
        if (b < 0xE0) {
            return missing(1, 0x80, 0xBF);
        }
        if (b < 0xF0) {
            // No overlong forms below U+0800, no surrogates.
            return missing(2, b == 0xE0 ? 0xA0 : 0x80, b == 0xED ? 0x9F : 0xBF);
        }
        // No overlong forms below U+10000, nothing above U+10FFFF.
        return missing(3, b == 0xF0 ? 0x90 : 0x80, b == 0xF4 ? 0x8F : 0xBF);
    }

    private static int continuation(int state, int b) {
        int low = (state >>> 8) & 0xFF;
        int high = state & 0xFF;
        if (b < low || b > high) {
            return INVALID;
        }
        int missing = (state >>> 16) - 1;
        return missing == 0 ? BOUNDARY : missing(missing, 0x80, 0xBF);
    }

    private static int missing(int count, int low, int high) {
        return (count << 16) | (low << 8) | high;
    }
}
