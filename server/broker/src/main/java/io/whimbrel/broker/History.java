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
}
