package io.whimbrel.model;

import java.util.concurrent.ThreadLocalRandom;

/**
 * Where somebody stands in a topic: the offset of the last publication they have. Offsets count 1, 2, 3… without a gap
 * within an epoch; a new epoch begins where a topic has to begin at 1 again, and says nothing about older or newer.
 *
 * @param epoch 1 to 32 ASCII letters and digits
 * @param offset 0 where there is no publication yet
 */
public record Position(String epoch, long offset) {
    private static final int MAX_EPOCH_LENGTH = 32;
    private static final int RADIX = 36;

    public Position {
        if (!isEpoch(epoch) || offset < 0) {
            throw new IllegalArgumentException("not a position: offset %d in \"%s\"".formatted(offset, epoch));
        }
    }

    /** An epoch no other topic has had. */
    public static String newEpoch() {
        return Long.toUnsignedString(ThreadLocalRandom.current().nextLong(), RADIX);
    }

    public static boolean isEpoch(String text) {
        if (text.isEmpty() || text.length() > MAX_EPOCH_LENGTH) {
            return false;
        }
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean fits = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
            if (!fits) {
                return false;
            }
        }
        return true;
    }

    /** Another place in the same epoch. */
    public Position at(long otherOffset) {
        return new Position(epoch, otherOffset);
    }
}
