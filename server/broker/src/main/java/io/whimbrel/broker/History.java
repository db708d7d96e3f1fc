package io.whimbrel.broker;

import io.whimbrel.model.Position;
import io.whimbrel.model.Publication;
import java.util.List;

/**
 * What a topic kept beyond some offset, as much of it as was asked for.
 *
 * @param top where its newest publication stands, which may not be kept any more
 * @param after the offset beyond which was read
 * @param publications in order, none missing in between, each with its position
 */
public record History(Position top, long after, List<Publication> publications) {
    public History {
        publications = List.copyOf(publications);
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
