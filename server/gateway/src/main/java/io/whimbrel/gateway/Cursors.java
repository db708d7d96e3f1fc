package io.whimbrel.gateway;

import io.whimbrel.model.Position;
import io.whimbrel.model.Topic;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Up to where the inboxes of one event loop have been read, told to the broker many at a time: what a killed gateway had not
 * told yet comes again. Used on that loop.
 */
final class Cursors {
    private static final Logger log = LoggerFactory.getLogger(Cursors.class);

    /** Half of what may come again, so that the other half is left for the way to the broker. */
    static final long EVERY_MILLIS = 50;

    private static final long RETRY_MILLIS = 1_000;
    /** Inboxes whose cursor may wait for a broker that is away; further ones stay where they were. */
    static final int MAX_WAITING = 100_000;

    private final Loop loop;
    private final Subscriptions subscriptions;
    private final List<Subscribers> moved = new ArrayList<>();
    /** What the broker did not take. */
    private final Map<Topic, Position> untold = new HashMap<>();

    private boolean scheduled;
    private boolean flushing;

    Cursors(Loop loop, Subscriptions subscriptions) {
        this.loop = loop;
        this.subscriptions = subscriptions;
    }

    /** Somebody has everything of this inbox up to there. */
    void move(Subscribers inbox, Position to) {
        if (Objects.requireNonNull(inbox.continuity()).moveCursor(to)) {
            moved.add(inbox);
            flushAfter(EVERY_MILLIS);
        }
    }

    /** Tells at the end of this turn: somebody has left, who may come back by another gateway. */
    void flushSoon() {
        if (!moved.isEmpty() && !flushing) {
            flushing = true;
            loop.executor().execute(this::flush);
        }
    }

    private void flushAfter(long millis) {
        if (!scheduled) {
            scheduled = true;
            var _ = loop.executor()
                    .schedule(
                            () -> {
                                scheduled = false;
                                flush();
                            },
                            millis,
                            TimeUnit.MILLISECONDS);
        }
    }

    /** Completes when the broker has been told, or could not be. */
    CompletableFuture<Void> flush() {
        flushing = false;
        if (moved.isEmpty() && untold.isEmpty()) {
            return CompletableFuture.completedFuture(null);
        }
        Map<Topic, Position> telling = new HashMap<>(untold);
        untold.clear();
        for (Subscribers inbox : moved) {
            telling.merge(
                    inbox.topic(), Objects.requireNonNull(inbox.continuity()).takeCursor(), Cursors::further);
        }
        moved.clear();
        return subscriptions
                .moveCursors(telling)
                .handle((_, failure) -> {
                    if (failure == null) {
                        loop.metrics().cursorsMoved(telling.size());
                    } else {
                        log.debug("The broker was not told of cursors, trying on", failure);
                        loop.run(() -> keep(telling));
                    }
                    return (Void) null;
                })
                .toCompletableFuture();
    }

    /** The newer one, unless the older one is ahead of it. */
    private static Position further(Position older, Position newer) {
        return older.epoch().equals(newer.epoch()) && older.offset() > newer.offset() ? older : newer;
    }

    private void keep(Map<Topic, Position> telling) {
        int left = 0;
        for (Map.Entry<Topic, Position> each : telling.entrySet()) {
            if (untold.size() < MAX_WAITING) {
                untold.merge(each.getKey(), each.getValue(), (there, told) -> further(told, there));
            } else {
                left++;
            }
        }
        loop.metrics().cursorsLost(left);
        flushAfter(RETRY_MILLIS);
    }
}
