package io.whimbrel.web;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Checks UTF-8 by the table of RFC 3629 §4: no overlong forms, no surrogates, nothing above U+10FFFF. Our own, since
 * JSON parsers are lenient here, and what passes is sent on byte for byte to clients whose WebSocket layer is not.
 */
final class Utf8 {
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long ANY_HIGH_BIT = 0x8080808080808080L;

    private Utf8() {}

    static boolean isValid(byte[] bytes) {
        int at = 0;
        while (at < bytes.length) {
            if (at + Long.BYTES <= bytes.length && ((long) LONGS.get(bytes, at) & ANY_HIGH_BIT) == 0) {
                at += Long.BYTES; // eight characters of ASCII in one look
                continue;
            }
            int length = sequenceLength(bytes, at);
            if (length == 0) {
                return false;
            }
            at += length;
        }
        return true;
    }

    /** How many bytes the character at this place has; 0 where there is none. */
    private static int sequenceLength(byte[] bytes, int at) {
        int lead = bytes[at] & 0xFF;
        if (lead < 0x80) {
            return 1;
        }
        if (lead >= 0xC2 && lead <= 0xDF) {
            return isTail(bytes, at + 1, 0x80, 0xBF) ? 2 : 0;
        }
        if (lead >= 0xE0 && lead <= 0xEF) {
            int least = lead == 0xE0 ? 0xA0 : 0x80;
            int most = lead == 0xED ? 0x9F : 0xBF;
            return isTail(bytes, at + 1, least, most) && isTail(bytes, at + 2, 0x80, 0xBF) ? 3 : 0;
        }
        if (lead >= 0xF0 && lead <= 0xF4) {
            int least = lead == 0xF0 ? 0x90 : 0x80;
            int most = lead == 0xF4 ? 0x8F : 0xBF;
            return isTail(bytes, at + 1, least, most)
                            && isTail(bytes, at + 2, 0x80, 0xBF)
                            && isTail(bytes, at + 3, 0x80, 0xBF)
                    ? 4
                    : 0;
        }
        return 0;
    }

    private static boolean isTail(byte[] bytes, int at, int least, int most) {
        if (at >= bytes.length) {
            return false;
        }
        int value = bytes[at] & 0xFF;
        return value >= least && value <= most;
    }
}
