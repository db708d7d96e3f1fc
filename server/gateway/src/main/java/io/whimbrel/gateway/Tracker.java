package io.whimbrel.gateway;

import io.whimbrel.broker.Receipts.Count;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Tracking;
import java.util.HashSet;
import java.util.Set;

/**
 * What the sessions of this gateway have of one publication whose sender wants to know. Nothing is told before every event
 * loop that has sessions has said how many. Safe for any thread.
 */
final class Tracker implements Follower {
    private final Trackers trackers;
    private final String id;
    private final Tracking tracking;
    final long forgottenAtMillis;
    /** Loops that were given the publication and have not said how many sessions they have for it. */
    private final Set<Loop> awaited = new HashSet<>();

    private final Set<Loop> counted = new HashSet<>();
    private int sessions;
    private int written;
    private int acked;
    private boolean toldOf = true;

    Tracker(Trackers trackers, Publication publication, Tracking tracking, long forgottenAtMillis) {
        this.trackers = trackers;
        this.id = publication.id();
        this.tracking = tracking;
        this.forgottenAtMillis = forgottenAtMillis;
    }

    synchronized void await(Loop[] loops) {
        for (Loop loop : loops) {
            if (!counted.contains(loop)) {
                awaited.add(loop);
            }
        }
        change();
    }

    /** A loop has so many sessions that will be given it. What it says a second time is no news. */
    synchronized void count(Loop loop, int ofSessions) {
        awaited.remove(loop);
        if (counted.add(loop)) {
            sessions += ofSessions;
        }
        change();
    }

    /** One more session is given it, which came later. */
    synchronized void onReplayed() {
        sessions++;
        change();
    }

    @Override
    public synchronized void onWritten() {
        written++;
        change();
    }

    /** One session's client said that it has it. */
    synchronized void onAcked() {
        acked++;
        change();
    }

    private void change() {
        if (awaited.isEmpty() && toldOf) {
            toldOf = false;
            trackers.onChange(this);
        }
    }

    /** What is to be told now. */
    synchronized Count take(String node) {
        toldOf = true;
        return new Count(id, node, tracking.asker(), sessions, written, acked);
    }
}
