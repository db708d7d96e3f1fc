package io.whimbrel.gateway;

import io.whimbrel.model.Disconnect;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * The goodbyes of one event loop that stops: spread over the drain time, so that the clients do not all return
 * elsewhere at once, then a short wait for their answers, then the end. Called only on that loop.
 */
final class Drain {
    /** How many goodbyes a second are harmless, so that few clients need not wait for the whole drain time. */
    private static final int HARMLESS_PER_SECOND = 100;

    private static final long STEP_MILLIS = 20;
    /** After the last goodbye, for the clients' Close frames and what is left in the outboxes. */
    private static final long GRACE_MILLIS = 1_500;

    private final Loop loop;
    private final List<Session> waiting;
    private final CompletableFuture<Void> done = new CompletableFuture<>();
    private final int all;
    private final long spreadMillis;
    private final long begunMillis;
    private long endMillis;

    private Drain(Loop loop, long drainMillis) {
        this.loop = loop;
        waiting = new ArrayList<>(loop.sessions());
        all = waiting.size();
        spreadMillis = Math.max(STEP_MILLIS, Math.min(drainMillis, all * 1000L / HARMLESS_PER_SECOND));
        begunMillis = loop.nowMillis();
    }

    /** Completes when no session is left on the loop. */
    static CompletableFuture<Void> start(Loop loop, long drainMillis) {
        Drain drain = new Drain(loop, drainMillis);
        drain.step();
        return drain.done;
    }

    private void step() {
        long due = Math.ceilDiv(all * (loop.nowMillis() - begunMillis + STEP_MILLIS), spreadMillis);
        while (!waiting.isEmpty()
                && all - waiting.size() < due) { // by the clock: steps are late on a loop that is busy
            waiting.removeLast().close(Disconnect.SHUTDOWN);
        }
        if (!waiting.isEmpty()) {
            endMillis = 0;
        } else if (endMillis == 0) {
            endMillis = loop.nowMillis() + GRACE_MILLIS;
        }
        if (endMillis != 0 && loop.nowMillis() >= endMillis) {
            loop.sessions().forEach(Session::abort);
            done.complete(null);
        } else if (loop.sessions().isEmpty()) {
            done.complete(null);
        } else {
            loop.executor().schedule(this::step, STEP_MILLIS, TimeUnit.MILLISECONDS);
        }
    }
}
