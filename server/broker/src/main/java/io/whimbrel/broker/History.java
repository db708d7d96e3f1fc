package io.whimbrel.broker;

import io.whimbrel.model.Position;
import io.whimbrel.model.Publication;
import java.util.List;

/**
 * What a topic kept beyond some offset.
 *
 * @param top where its newest publication stands, which may not be kept any more
 * @param publications in order, none missing in between, each with its position
 */
public record History(Position top, List<Publication> publications) {
    public History {
        publications = List.copyOf(publications);
    }

    /** Whether these are all publications that somebody who stands there has missed: none is lost, none left out. */
    public boolean completes(Position since) {
        if (!since.epoch().equals(top.epoch()) || since.offset() > top.offset()) {
            return false;
        }
        if (publications.isEmpty()) {
            return since.offset() == top.offset();
        }
        return offsetOf(publications.getFirst()) == since.offset() + 1
                && offsetOf(publications.getLast()) == top.offset();
    }

    private static long offsetOf(Publication publication) {
        Position position = publication.position();
        if (position == null) {
            throw new IllegalStateException("a kept publication without a position");
        }
        return position.offset();
    }
}
