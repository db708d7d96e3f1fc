package io.whimbrel.gateway;

import io.whimbrel.ops.Span;
import java.util.HashSet;
import java.util.Set;

/**
 * The span of one publication on this gateway: from when it arrived until the sockets of all sessions that were there took it, or
 * until its time is over. Safe for any thread.
 */
final class Delivery implements Follower {
    private final Deliveries deliveries;
    private final String id;
    private final Span span;
    final long endsAtMillis;
    /** Loops that were given the publication and have not said how many sessions they have for it. */
    private final Set<Loop> awaited;

    private int sessions;
    private int written;
    private boolean over;

    /** @param endsAtMillis by the gateway's clock */
    Delivery(Deliveries deliveries, String id, Span span, Loop[] loops, long endsAtMillis) {
        this.deliveries = deliveries;
        this.id = id;
        this.span = span;
        this.endsAtMillis = endsAtMillis;
        awaited = new HashSet<>(Set.of(loops));
    }

    /** A loop gives it to so many sessions. What it says a second time is no news. */
    synchronized void count(Loop loop, int ofSessions) {
        if (awaited.remove(loop)) {
            sessions += ofSessions;
            endWhenAllHave();
        }
    }

    /** A loop has so much to do that it drops it. */
    synchronized void onDropped(Loop loop) {
        if (awaited.remove(loop)) {
            span.fail("dropped: an event loop could not keep up");
            endWhenAllHave();
        }
    }

    @Override
    public synchronized void onWritten(Session session) {
        written++;
        endWhenAllHave();
    }

    private void endWhenAllHave() {
        if (awaited.isEmpty() && written >= sessions) {
            end();
        }
    }

    /** Nobody waits for the rest. */
    synchronized void end() {
        if (!over) {
            over = true;
            span.tell("whimbrel.sessions", sessions);
            span.tell("whimbrel.written", written);
            span.end();
            deliveries.forget(id);
        }
    }
}
