package io.whimbrel.broker;

import io.whimbrel.model.Position;
import io.whimbrel.model.Publication;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a topic kept beyond some offset, as much of it as was asked for.
 *
 * @param top where its newest publication stands, which may not be kept any more
 * @param after the offset beyond which was read
 * @param publications in order, none missing in between, each with its position in the epoch of {@code top}
 * @param endings of earlier epochs, the last first, with whose offsets the next one went on
 */
public record History(Position top, long after, List<Publication> publications, List<Ending> endings) {
    public History {
        publications = List.copyOf(publications);
        endings = List.copyOf(endings);
    }

    public History(Position top, long after, List<Publication> publications) {
        this(top, after, publications, List.of());
    }

    /**
     * How an epoch ended.
     *
     * @param last its last publication that is known
     * @param certain whether that was the last one accepted; else further ones may have been lost
     */
    public record Ending(Position last, boolean certain) {}

    /**
     * Where somebody stands in today's epoch who stood somewhere in an earlier one.
     *
     * @param certain whether nothing accepted is missing up to today but what is kept beyond
     */
    public record Standing(Position at, boolean certain) {}

    /** Null for a position that is not known: of another epoch, or beyond all that was ever published in this one. */
    public @Nullable Standing standing(Position position) {
        if (position.epoch().equals(top.epoch())) {
            return position.offset() <= top.offset() ? new Standing(position, true) : null;
        }
        boolean certain = true;
        long least = top.offset();
        for (Ending ending : endings) {
            certain &= ending.certain;
            least = Math.min(least, ending.last.offset());
            if (ending.last.epoch().equals(position.epoch())) {
                return new Standing(top.at(Math.min(position.offset(), least)), certain);
            }
        }
        return null;
    }

    /**
     * Whether that can be asked for.
     *
     * @throws IllegalArgumentException for a number below 0
     */
    public static void check(long after, int limit) {
        if (after < 0 || limit < 0) {
            throw new IllegalArgumentException(
                    "what is kept is read from 0 or beyond, not from %d, and 0 or more of it, not %d"
                            .formatted(after, limit));
        }
    }
}
