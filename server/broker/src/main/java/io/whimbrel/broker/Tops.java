package io.whimbrel.broker;

import io.whimbrel.model.Position;
import io.whimbrel.model.Topic;
import java.util.Map;
import java.util.Set;

/**
 * Where many topics stand, as far as it could be read: a broker of several parts answers for those that are there.
 *
 * @param positions of the newest publications; without those topics that no publication and no reading has begun
 * @param unread topics whose part of the broker did not answer in time
 */
public record Tops(Map<Topic, Position> positions, Set<Topic> unread) {
    public Tops {
        positions = Map.copyOf(positions);
        unread = Set.copyOf(unread);
    }
}
