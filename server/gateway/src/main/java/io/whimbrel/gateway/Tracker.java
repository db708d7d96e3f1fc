package io.whimbrel.gateway;

import io.whimbrel.broker.Outcome;
import io.whimbrel.broker.Receipts.Count;
import io.whimbrel.broker.Traces.Leg;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Tracking;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the sessions of this gateway have of one publication whose sender wants to know. Of a receipt nothing is told before
 * every event loop that has sessions has said how many; of a trace everything is. Safe for any thread.
 */
final class Tracker implements Follower {
    private final Trackers trackers;
    private final String id;
    private final Tracking tracking;
    /** Null where it is not traced. */
    private final @Nullable Trail trail;

    final long forgottenAtMillis;
    /** Loops that were given the publication and have not said how many sessions they have for it. */
    private final Set<Loop> awaited = new HashSet<>();

    private final Set<Loop> counted = new HashSet<>();
    private int sessions;
    private int written;
    private int acked;
    private boolean toldOf = true;

    Tracker(
            Trackers trackers,
            Publication publication,
            Tracking tracking,
            @Nullable Trail trail,
            long forgottenAtMillis) {
        this.trackers = trackers;
        this.id = publication.id();
        this.tracking = tracking;
        this.trail = trail;
        this.forgottenAtMillis = forgottenAtMillis;
    }

    synchronized void await(Loop[] loops) {
        for (Loop loop : loops) {
            if (!counted.contains(loop)) {
                awaited.add(loop);
            }
        }
        if (trail != null) {
            trail.add(loops.length == 0 ? Outcome.NOBODY : Outcome.RECEIVED, loops.length);
        }
        change();
    }

    /** A loop gives it to so many sessions now. It may do so again to others, who came while it was under way. */
    synchronized void count(Loop loop, int toSessions) {
        awaited.remove(loop);
        counted.add(loop);
        sessions += toSessions;
        change();
    }

    synchronized boolean isCounted(Loop loop) {
        return counted.contains(loop) && sessions > 0;
    }

    /** Something became of it that no receipt counts. */
    synchronized void note(Outcome outcome, int count) {
        if (trail != null) {
            trail.add(outcome, count);
            change();
        }
    }

    /** One more session is given it, which came later. */
    synchronized void onReplayed(Session session, String from) {
        sessions++;
        if (trail != null) {
            trail.addSession(Outcome.REPLAYED, session.name() + from);
        }
        change();
    }

    @Override
    public synchronized void onWritten(Session session) {
        written++;
        trace(Outcome.WRITTEN, session);
        change();
    }

    /** One session's client said that it has it. */
    synchronized void onAcked(Session session) {
        acked++;
        trace(Outcome.ACKNOWLEDGED, session);
        change();
    }

    @Override
    public synchronized void onLost(Session session, Outcome why) {
        if (trail != null) {
            trace(why, session);
            change();
        }
    }

    private void trace(Outcome outcome, Session session) {
        if (trail != null) {
            trail.addSession(outcome, session.name());
        }
    }

    private void change() {
        if (toldOf && (trail != null || awaited.isEmpty())) {
            toldOf = false;
            trackers.onChange(this);
        }
    }

    /** What is to be told now. */
    synchronized void take(String node, List<Count> counts, List<Leg> legs) {
        toldOf = true;
        if (tracking.receipt() && awaited.isEmpty()) {
            counts.add(new Count(id, node, tracking.asker(), sessions, written, acked));
        }
        if (trail != null) {
            legs.add(trail.take(awaited.isEmpty()));
        }
    }
}
