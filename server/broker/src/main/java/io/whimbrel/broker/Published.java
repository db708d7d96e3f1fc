package io.whimbrel.broker;

import io.whimbrel.model.Position;
import org.jspecify.annotations.Nullable;

/**
 * What became of a publication.
 *
 * @param nodes how many were subscribed, and will receive it unless their connection breaks
 * @param position null in a topic that keeps nothing
 */
public record Published(int nodes, @Nullable Position position) {
    public boolean isStored() {
        return position != null;
    }
}
