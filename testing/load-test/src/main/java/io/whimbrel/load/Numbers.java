package io.whimbrel.load;

import java.util.Arrays;

/** A set of small numbers, as bits; it grows with the largest. Called on one thread at a time. */
final class Numbers {
    private static final int BITS = 64;
    private static final long[] NONE = {};

    private long[] words = NONE;
    private int count;

    /** False where it is there already. */
    boolean add(int number) {
        int word = number / BITS;
        if (word >= words.length) {
            words = Arrays.copyOf(words, Math.max(word + 1, words.length + words.length / 2));
        }
        long bit = 1L << number;
        if ((words[word] & bit) != 0) {
            return false;
        }
        words[word] |= bit;
        count++;
        return true;
    }

    boolean has(int number) {
        int word = number / BITS;
        return word < words.length && (words[word] & (1L << number)) != 0;
    }

    int count() {
        return count;
    }

    /** Calls for each number that is in this and not in the other. */
    void forEachMissingIn(Numbers other, java.util.function.IntConsumer action) {
        for (int i = 0; i < words.length; i++) {
            long missing = words[i] & ~(i < other.words.length ? other.words[i] : 0);
            while (missing != 0) {
                action.accept(i * BITS + Long.numberOfTrailingZeros(missing));
                missing &= missing - 1;
            }
        }
    }
}
