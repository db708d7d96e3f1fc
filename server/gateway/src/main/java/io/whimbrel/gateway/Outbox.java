package io.whimbrel.gateway;

import io.whimbrel.broker.Outcome;
import io.whimbrel.model.Position;
import java.util.ArrayDeque;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/**
 * The bounded queue of frames that one session still has to be sent. Empty for a client that keeps up: its batches go
 * straight to the socket. What the socket has begun it finishes; what waits behind it obeys the rules of its topics.
 * Used on the session's event loop.
 */
final class Outbox {
    /** Up to here waiting batches are copied together for one write; larger ones are written as they are. */
    private static final int GATHER_MAX_BYTES = 16 * 1024;

    /** @param topic null for a control frame */
    private record Waiting(Batch batch, @Nullable Subscribers topic) {}

    /** Whom it tells what became of frames. */
    interface Owner {
        /** The socket took all bytes. */
        void onWritten(Batch batch, @Nullable Subscribers topic);

        /** The connection is gone, and of what was being sent the socket took all of a topic up to there. */
        default void onReached(Position reached, Subscribers topic) {}

        /** A publication that is followed was not sent, or not to its end: it was dropped or cleared, or the connection is gone. */
        default void onLost(Follower follower, Outcome why) {}
    }

    private final Socket socket;
    private final Loop loop;
    private final Owner owner;
    private @Nullable ArrayDeque<Waiting> waiting;
    /** The first batch of this tick, while others may follow; the tick keeps it alive. */
    private @Nullable Batch deferred;

    private @Nullable Subscribers deferredTopic;
    /** What the socket has begun to send and not finished; null when it has room. */
    private @Nullable Batch sending;

    private @Nullable Subscribers sendingTopic;

    private int waitingBytes;
    private int waitingFrames;
    /** Before the handshake is answered nothing may be sent. */
    private boolean open;

    private boolean finishing;
    private boolean closing;

    Outbox(Socket socket, Loop loop, Owner owner) {
        this.socket = socket;
        this.loop = loop;
        this.owner = owner;
    }

    /** Takes frames for the only topic of a session; false when more waits than may, and the session has to go. */
    boolean offer(Batch batch, Subscribers topic) {
        if (isBehind()) {
            return keep(batch, topic);
        }
        send(batch, topic);
        return sending == null
                || (socket.pendingBytes() <= loop.limits().outboxMaxBytes()
                        && !loop.budget().isSpent());
    }

    /** The same for a session of several topics, which may all have frames for it: they go with {@link #flush}. */
    boolean offerForTick(Batch batch, Subscribers topic) {
        if (isBehind()) {
            return keep(batch, topic);
        }
        Batch earlier = deferred;
        if (earlier == null) {
            deferred = batch;
            deferredTopic = topic;
            return true;
        }
        deferred = null;
        enqueue(earlier, deferredTopic);
        return keep(batch, topic);
    }

    /** Takes a Ping, Pong or Close, which no rule drops. */
    void control(Batch frame) {
        if (isBehind()) {
            enqueue(frame, null);
        } else {
            send(frame, null);
        }
        frame.end();
    }

    private boolean keep(Batch batch, Subscribers topic) {
        if (batch.rule() == OutboxRule.LATEST && isBlocked()) {
            drop(topic);
            loop.metrics().dropped(batch.frames() - batch.newest().frames());
            batch.onOlderLost(owner, Outcome.DROPPED);
            return keepByRule(batch.newest(), topic);
        }
        return keepByRule(batch, topic);
    }

    private boolean keepByRule(Batch batch, Subscribers topic) {
        if (batch.rule() == OutboxRule.DROP_OLDEST && wouldFitAlone(batch)) {
            dropOldestFor(batch);
        }
        if (fits(batch)) {
            enqueue(batch, topic);
            return true;
        }
        if (batch.rule() == OutboxRule.DISCONNECT) {
            batch.onLost(owner, Outcome.CLOSED_SLOW);
            return false;
        }
        loop.metrics().dropped(batch.frames());
        batch.onLost(owner, Outcome.DROPPED);
        return true;
    }

    private boolean wouldFitAlone(Batch batch) {
        return socket.pendingBytes() + batch.length() <= loop.limits().outboxMaxBytes()
                && batch.frames() <= loop.limits().outboxMaxFrames();
    }

    private boolean fits(Batch batch) {
        return pendingBytes() + batch.length() <= loop.limits().outboxMaxBytes()
                && waitingFrames + batch.frames() <= loop.limits().outboxMaxFrames()
                && !(isBlocked() && loop.budget().isSpent());
    }

    private void enqueue(Batch batch, @Nullable Subscribers topic) {
        ArrayDeque<Waiting> queue = waiting;
        if (queue == null) {
            queue = new ArrayDeque<>(4);
            waiting = queue;
        }
        batch.hold(loop.budget());
        queue.add(new Waiting(batch, topic));
        waitingBytes += batch.length();
        waitingFrames += batch.frames();
    }

    private void dropOldestFor(Batch batch) {
        if (waiting == null) {
            return;
        }
        for (Iterator<Waiting> oldest = waiting.iterator(); oldest.hasNext() && !fits(batch); ) {
            Waiting entry = oldest.next();
            if (entry.batch.rule() == OutboxRule.DROP_OLDEST && entry.topic != null) {
                drop(oldest, entry);
            }
        }
    }

    /** Drops what waits of one topic. */
    private void drop(Subscribers topic) {
        if (waiting == null) {
            return;
        }
        for (Iterator<Waiting> entries = waiting.iterator(); entries.hasNext(); ) {
            Waiting entry = entries.next();
            if (topic == entry.topic) {
                drop(entries, entry);
            }
        }
    }

    private void drop(Iterator<Waiting> at, Waiting entry) {
        at.remove();
        loop.metrics().dropped(entry.batch.frames());
        entry.batch.onLost(owner, Outcome.DROPPED);
        forget(entry);
    }

    private void forget(Waiting entry) {
        waitingBytes -= entry.batch.length();
        waitingFrames -= entry.batch.frames();
        entry.batch.release(loop.budget());
    }

    /** The handshake has been answered. */
    void open() {
        open = true;
        flush();
    }

    /** Sends what waits, as much as the socket takes. */
    void flush() {
        Batch only = deferred;
        if (only != null) {
            deferred = null;
            send(only, deferredTopic);
        }
        ArrayDeque<Waiting> queue = waiting;
        while (queue != null && !isBlocked()) {
            if (queue.size() > 1 && waitingBytes <= GATHER_MAX_BYTES) {
                sendTogether(queue);
            } else if (!queue.isEmpty()) {
                Waiting next = queue.remove();
                send(next.batch, next.topic);
                forget(next);
            }
            if (queue.isEmpty()) {
                waiting = null;
                queue = null;
                endWhenSent();
            }
        }
    }

    private void sendTogether(ArrayDeque<Waiting> queue) {
        Batch together = new Batch(loop.allocate(waitingBytes), OutboxRule.DISCONNECT);
        Subscribers inbox = null;
        for (Waiting entry; (entry = queue.poll()) != null; ) {
            together.appendOther(entry.batch);
            inbox = entry.batch.last() == null ? inbox : entry.topic;
            forget(entry);
        }
        send(together, inbox);
        together.end();
    }

    private void send(Batch batch, @Nullable Subscribers topic) {
        if (socket.write(batch.bytes())) {
            owner.onWritten(batch, topic);
        } else {
            batch.hold(loop.budget());
            sending = batch;
            sendingTopic = topic;
        }
    }

    /** The socket has sent all it was given. */
    void onWritable() {
        Batch sent = sending;
        if (sent != null) {
            sending = null;
            owner.onWritten(sent, sendingTopic);
            sent.release(loop.budget());
        }
        if (open) {
            flush();
        }
    }

    /** Ends our direction of the connection behind everything that waits. */
    void finish() {
        finishing = true;
        endWhenSent();
    }

    /** Ends the connection behind everything that waits. */
    void close() {
        closing = true;
        endWhenSent();
    }

    private void endWhenSent() {
        if (waiting == null && closing) {
            socket.closeWhenSent();
        } else if (waiting == null && finishing) {
            socket.finish();
        }
    }

    private boolean isBlocked() {
        return !open || sending != null;
    }

    /** Whether what is offered now has to wait. */
    boolean isBehind() {
        return isBlocked() || waiting != null;
    }

    /** What waits for the client, in the socket and behind it. */
    long pendingBytes() {
        return socket.pendingBytes() + waitingBytes;
    }

    /** Forgets what the socket has not begun to send. Says so of that, and of what it has not sent to its end. */
    void clear(Outcome why) {
        ArrayDeque<Waiting> queue = waiting;
        Batch first = deferred;
        waiting = null;
        deferred = null;
        if (sending != null) {
            sending.onLost(owner, why);
        }
        if (first != null) {
            first.onLost(owner, why);
        }
        if (queue != null) {
            queue.forEach(entry -> {
                entry.batch.onLost(owner, why);
                forget(entry);
            });
        }
    }

    /** The connection is gone. */
    void discard() {
        clear(Outcome.CUT);
        Batch unfinished = sending;
        if (unfinished == null) {
            return;
        }
        sending = null;
        Position reached = unfinished.lastWithin(unfinished.length() - socket.unsentBytes());
        unfinished.release(loop.budget());
        if (reached != null && sendingTopic != null) {
            owner.onReached(reached, sendingTopic);
        }
    }
}
