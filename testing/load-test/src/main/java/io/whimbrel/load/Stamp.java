package io.whimbrel.load;

import io.netty.buffer.ByteBuf;

/**
 * What a message of ours begins with: {@code T=0000001234567890 N=00000042}, the time it was due in nanoseconds of
 * {@link Clock} and its number among the publications to its address. Read eight digits at a time.
 */
final class Stamp {
    static final int BYTES = 29;
    static final int MAX_NUMBER = 99_999_999;

    private static final int NUMBER_AT = 21;
    private static final int TIME_MARK = ('T' << 8) | '=';
    private static final int NUMBER_MARK = (' ' << 16) | ('N' << 8) | '=';
    private static final long ZEROS = 0x3030303030303030L;
    private static final long HIGH_HALVES = 0xF0F0F0F0F0F0F0F0L;
    private static final long SIXES = 0x0606060606060606L;
    private static final long EIGHT_DIGITS = 100_000_000L;
    private static final long NOT_DIGITS = -1;

    private Stamp() {}

    static void write(ByteBuf out, long dueNanos, int number) {
        out.writeShort(TIME_MARK);
        writeDigits(out, dueNanos / EIGHT_DIGITS);
        writeDigits(out, dueNanos % EIGHT_DIGITS);
        out.writeMedium(NUMBER_MARK);
        writeDigits(out, number);
    }

    private static void writeDigits(ByteBuf out, long value) {
        long rest = value;
        long digits = 0;
        for (int i = 0; i < Long.BYTES; i++) {
            digits = (digits << 8) | ('0' + rest % 10);
            rest /= 10;
        }
        out.writeLongLE(digits);
    }

    /** Where a stamp begins, at least {@code from} and with all its bytes before {@code end}, or -1. */
    static int find(ByteBuf bytes, int from, int end) {
        for (int at = from; at + BYTES <= end; at++) {
            if (isAt(bytes, at, end)) {
                return at;
            }
        }
        return -1;
    }

    static boolean isAt(ByteBuf bytes, int at, int end) {
        return at + BYTES <= end
                && bytes.getUnsignedShort(at) == TIME_MARK
                && bytes.getUnsignedMedium(at + NUMBER_AT - 3) == NUMBER_MARK
                && dueNanos(bytes, at) >= 0
                && number(bytes, at) >= 0;
    }

    static long dueNanos(ByteBuf bytes, int at) {
        long high = digits(bytes.getLongLE(at + 2));
        long low = digits(bytes.getLongLE(at + 2 + Long.BYTES));
        return high < 0 || low < 0 ? NOT_DIGITS : high * EIGHT_DIGITS + low;
    }

    static int number(ByteBuf bytes, int at) {
        return (int) digits(bytes.getLongLE(at + NUMBER_AT));
    }

    /** Eight ASCII digits, the first one in the lowest byte; pairs, then fours, then all eight are put together. */
    private static long digits(long ascii) {
        boolean allDigits = (ascii & HIGH_HALVES) == ZEROS && ((ascii + SIXES) & HIGH_HALVES) == ZEROS;
        if (!allDigits) {
            return NOT_DIGITS;
        }
        long ones = ascii - ZEROS;
        long pairs = ones * 10 + (ones >>> 8);
        long odd = (pairs & 0x000000FF000000FFL) * 0x000F424000000064L;
        long even = ((pairs >>> 16) & 0x000000FF000000FFL) * 0x0000271000000001L;
        return (odd + even) >>> 32;
    }
}
