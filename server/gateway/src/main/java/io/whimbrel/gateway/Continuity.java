package io.whimbrel.gateway;

import io.whimbrel.model.Position;
import java.lang.ref.WeakReference;
import java.util.ArrayDeque;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Where a topic that is kept stands on one event loop: everything up to there was given to its subscribers, in order and
 * without a gap. Used on that loop.
 */
final class Continuity {
    /** Further ones do not hear of acknowledgements. */
    private static final int MOST_TRACKED = 1_000;

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
    /** Whether that failed, and is about to be tried again. */
    boolean retryDue;
    /** Whether publications are lost, which those who are told of it have not been told yet. */
    boolean lost;
    /** Up to where an inbox has been read; null where nobody here has read anything. */
    private @Nullable Position cursor;
    /** Of the newest publications, those whose senders want to know who acknowledges them; null for none. */
    private @Nullable ArrayDeque<Tracked> tracked;

    /** @param tracker gone when it is not followed any further, which is decided for the whole gateway: {@link Trackers} */
    private record Tracked(long offset, WeakReference<Tracker> tracker) {
        boolean isOf(Tracker other) {
            return tracker.refersTo(other);
        }

        boolean isGone() {
            return tracker.refersTo(null);
        }
    }

    /** Whether the broker is about to be told of the cursor. */
    private boolean cursorMoved;

    /** Null until it is known where the topic begins here. */
    @Nullable
    Position last() {
        return last;
    }

    /** Begins there. */
    void start(Position at) {
        last = at;
    }

    /** Whether publications were heard of that were not given, or are lost and nobody was told. */
    boolean lacks(Position top) {
        Position known = last;
        return known != null && (lost || known.offset() < Math.max(heardOf, top.offset()));
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
        // While something is lost nothing is next: it comes when it was read, behind the news.
        return position.offset() == known.offset() + 1 && !lost ? Place.NEXT : Place.BEYOND_A_GAP;
    }

    void given(Position position) {
        last = position;
    }

    /** Offsets have begun anew, and nobody has anything of them. */
    void renew(String epoch) {
        last = new Position(epoch, 0);
        heardOf = 0;
        lost = true;
        tracked = null;
    }

    /**
     * Another epoch goes on with the offsets of this one.
     *
     * @param certain whether nothing is missing up to there but what the broker keeps
     */
    void goOn(Position at, boolean certain) {
        last = at;
        heardOf = at.offset();
        lost |= !certain;
    }

    /** Answers whether the broker has to be told, and is not about to be. */
    boolean moveCursor(Position to) {
        Position at = cursor;
        if (to.equals(at) || (last != null && !last.epoch().equals(to.epoch()))) {
            return false;
        }
        if (at != null && at.epoch().equals(to.epoch()) && to.offset() <= at.offset()) {
            return false;
        }
        cursor = to;
        boolean first = !cursorMoved;
        cursorMoved = true;
        return first;
    }

    void track(long offset, Tracker tracker) {
        ArrayDeque<Tracked> all = tracked;
        if (all == null) {
            all = new ArrayDeque<>(2);
            tracked = all;
        }
        if (all.stream().anyMatch(known -> known.isOf(tracker))) {
            return;
        }
        all.removeIf(Tracked::isGone);
        if (all.size() == MOST_TRACKED) {
            all.remove();
        }
        all.add(new Tracked(offset, new WeakReference<>(tracker)));
    }

    /** Somebody acknowledges what is beyond one offset, up to another. */
    void onAcked(Session session, long beyond, long upTo) {
        ArrayDeque<Tracked> all = tracked;
        if (all == null) {
            return;
        }
        for (Tracked each : all) {
            Tracker tracker = each.tracker.get();
            if (tracker != null && each.offset > beyond && each.offset <= upTo) {
                tracker.onAcked(session);
            }
        }
    }

    Position takeCursor() {
        cursorMoved = false;
        return Objects.requireNonNull(cursor);
    }

    /** Where a reader without a position begins: at what the broker knew, or further where it is about to be told. */
    Position cursor(Position known) {
        Position here = cursor;
        return here != null && here.epoch().equals(known.epoch()) && here.offset() > known.offset() ? here : known;
    }
}
