package io.whimbrel.gateway;

import io.whimbrel.model.Position;
import org.jspecify.annotations.Nullable;

/**
 * Where a topic that is kept stands on one event loop: everything up to there was given to its subscribers, in order and
 * without a gap. Used on that loop.
 */
final class Continuity {
    /** What a publication that comes is to what came before. */
    enum Place {
        NEXT,
        /** Given already, or about to be read. */
        KNOWN,
        /** Publications before it are missing. */
        BEYOND_A_GAP,
        /** Offsets have begun anew. */
        IN_ANOTHER_EPOCH
    }

    private @Nullable Position last;
    /** The furthest that was heard of, in the epoch of {@link #last} or before that is known. */
    private long heardOf;
    /** Whether what is missing is being read. */
    boolean catchingUp;

    /** Null until it is known where the topic begins here. */
    @Nullable
    Position last() {
        return last;
    }

    /** Begins there. */
    void start(Position at) {
        last = at;
    }

    /** Whether publications were heard of that were not given. */
    boolean lacks(Position top) {
        Position known = last;
        return known != null && known.offset() < Math.max(heardOf, top.offset());
    }

    Place place(Position position) {
        Position known = last;
        if (known != null && !known.epoch().equals(position.epoch())) {
            return Place.IN_ANOTHER_EPOCH;
        }
        heardOf = Math.max(heardOf, position.offset());
        if (known == null || position.offset() <= known.offset()) {
            return Place.KNOWN; // before the start it is read together with what is kept
        }
        return position.offset() == known.offset() + 1 ? Place.NEXT : Place.BEYOND_A_GAP;
    }

    void given(Position position) {
        last = position;
    }

    /** Nobody is here any more who stands anywhere. */
    void forget() {
        last = null;
        heardOf = 0;
    }
}
