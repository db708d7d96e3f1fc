package io.whimbrel.gateway;

import io.whimbrel.broker.BrokerUnavailableException;
import io.whimbrel.broker.History;
import io.whimbrel.model.Disconnect;
import io.whimbrel.model.Position;
import io.whimbrel.model.Publication;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings one session what a kept topic had before it came, as fast as its client reads, and then lets it join the topic's
 * subscribers, just where they stand. Used on the session's event loop.
 *
 * <pre>
 *   subscribed ──▶ read ──▶ send ──▶ … ──▶ join          as long as the topic stands beyond the session, it is read on
 * </pre>
 */
final class Replay {
    private static final Logger log = LoggerFactory.getLogger(Replay.class);

    /** Publications read at once. */
    static final int CHUNK = 64;

    /** What may wait in the outbox before the next is sent; a quarter of an outbox where that is less. */
    private static final int MAX_PENDING_BYTES = 128 * 1024;

    private final Loop loop;
    private final Session session;
    private final Subscribers subscribers;
    private final boolean fromCursor;
    private final int maxPendingBytes;
    private final int maxFrames;
    /** Completes when the client can be let in. */
    private final CompletableFuture<Void> begun = new CompletableFuture<>();

    private final ArrayDeque<Publication> toSend = new ArrayDeque<>();
    /** Where the session stands; null for one that begins at the cursor, or at the top, until that is read. */
    private @Nullable Position at;
    /** What the client said, until that is compared with what is kept. */
    private @Nullable Position claimed;
    /** Where the session is told to stand, since publications before that are lost to it. */
    private @Nullable Position toTell;

    private boolean lost;
    private boolean atTop;
    private boolean reading;
    private boolean over;

    /**
     * @param since null for a session that begins at the cursor, where it is an inbox, or else at the top
     */
    Replay(Loop loop, Session session, Subscribers subscribers, @Nullable Position since) {
        this.loop = loop;
        this.session = session;
        this.subscribers = subscribers;
        fromCursor = since == null && subscribers.isInbox();
        maxPendingBytes = Math.min(MAX_PENDING_BYTES, loop.limits().outboxMaxBytes() / 4);
        maxFrames = Math.max(1, loop.limits().outboxMaxFrames() / 4);
        at = since;
        claimed = since;
    }

    /** Completes when the client can be let in: it has been given everything, or begins to be. */
    CompletionStage<Void> begin() {
        subscribers.replayBegins(this);
        subscribers
                .ready()
                .whenComplete((_, failure) -> loop.run(() -> {
                    if (failure == null) {
                        goOn();
                    } else {
                        fail(failure);
                    }
                }));
        return begun;
    }

    /** The session has room, or something was read. */
    void goOn() {
        if (over || reading) {
            return;
        }
        if (session.isOver()) {
            cancel();
            return;
        }
        send();
        if (!toSend.isEmpty()) {
            begun.complete(null); // the rest when the client has read this
        } else if (isThere()) {
            join();
        } else {
            read();
        }
    }

    private boolean isThere() {
        Position topic = continuity().last();
        Position here = at;
        if (here == null) {
            return topic != null && !fromCursor;
        }
        return atTop && (topic == null || topic.offset() == here.offset());
    }

    private void read() {
        reading = true;
        Position topic = continuity().last();
        Position here = at;
        long after = here == null ? 0 : topic == null ? here.offset() : Math.min(here.offset(), topic.offset());
        CompletionStage<History> answer = here == null && fromCursor
                ? loop.hub().inbox(subscribers.topic(), CHUNK)
                : loop.hub().history(subscribers.topic(), after, here == null ? 0 : CHUNK);
        answer.whenComplete((history, failure) -> loop.run(() -> {
            reading = false;
            if (over) {
                return;
            }
            if (failure == null) {
                onHistory(history);
                goOn();
            } else {
                fail(failure);
            }
        }));
    }

    private void onHistory(History history) {
        Position top = history.top();
        Position here = at;
        if (here == null && !fromCursor) {
            if (continuity().last() == null) {
                continuity().start(top);
            }
            return; // only the top was read: what others here have not got yet is on its way
        }
        loop.hub().onHistory(subscribers, history);
        if (here == null) {
            here = continuity().cursor(top.at(history.after()));
            session.standsAt(here.offset());
        }
        History.Standing standing = history.standing(here);
        if (claimed != null && standing != null) {
            onClaim(standing.at());
        }
        claimed = null;
        if (standing == null) {
            lost = true;
            at = top.at(0);
            atTop = false;
            return;
        }
        lost |= !standing.certain();
        here = standing.at();
        if (here.offset()
                < history.after()) { // the client has seen what is not there any more: read from where that is
            at = here;
            atTop = false;
            return;
        }
        for (Publication publication : history.publications()) {
            Position position = Objects.requireNonNull(publication.position());
            if (position.offset() > here.offset()) {
                if (lost || position.offset() != here.offset() + 1) {
                    tellLoss(top.at(position.offset() - 1));
                }
                toSend.add(publication);
                here = position;
            }
        }
        boolean nothingIsKept = history.publications().isEmpty();
        if (nothingIsKept && (lost || here.offset() < top.offset())) {
            tellLoss(top);
            here = top;
        }
        at = here;
        atTop = here.offset() == top.offset();
    }

    /** A client that says where it stands says as well that it has everything up to there. */
    private void onClaim(Position claim) {
        session.standsAt(claim.offset());
        loop.cursors().move(subscribers, claim);
    }

    private void tellLoss(Position from) {
        lost = false;
        loop.metrics().notRecovered();
        if (toSend.isEmpty()) {
            toTell = from;
        } else {
            session.close(Disconnect.INSUFFICIENT_STATE); // trimmed while it was read; it comes back
        }
    }

    private void send() {
        Position from = toTell;
        toTell = null;
        if (from != null && subscribers.isInbox()) {
            session.onLoss(from, subscribers);
            if (session.isTold()) {
                Batch notice = loop.notRecovered(from, subscribers.rule());
                session.replay(notice, subscribers);
                notice.end();
            }
        }
        while (!toSend.isEmpty() && session.pendingBytes() < maxPendingBytes && !session.isOver()) {
            sendSome();
        }
    }

    private void sendSome() {
        Batch batch = new Batch(loop.allocate(1024), subscribers.rule());
        try {
            while (!toSend.isEmpty() && batch.length() < maxPendingBytes && batch.frames() < maxFrames) {
                Publication publication = toSend.remove();
                subscribers.append(publication, batch, session.deflated(), loop);
                Tracker tracker = loop.trackers().of(publication);
                if (tracker != null) {
                    tracker.onReplayed(session, fromCursor ? " from its cursor" : " from its position");
                }
            }
            if (session.replay(batch, subscribers)) {
                loop.metrics().replayed(batch.frames());
            }
        } finally {
            batch.end();
        }
    }

    /** What has no place among the rest does not wait for its turn. */
    void pass(Publication record) {
        try {
            send(record);
        } catch (RuntimeException | Error e) {
            log.error("A plain record could not be delivered, its client has to come back", e);
            session.close(Disconnect.INTERNAL_ERROR);
        }
    }

    private void send(Publication record) {
        Batch batch = new Batch(loop.allocate(1024), subscribers.rule());
        try {
            subscribers.append(record, batch, session.deflated(), loop);
            if (session.replay(batch, subscribers)) {
                loop.metrics().delivered(batch.frames());
            }
        } finally {
            batch.end();
        }
    }

    private void join() {
        Position here = at;
        if (here != null && continuity().last() == null) {
            continuity().start(here);
        }
        end();
        subscribers.add(session.join(subscribers));
        begun.complete(null);
        if (continuity().lacks(Objects.requireNonNull(continuity().last()))) {
            loop.hub().catchUp(subscribers);
        }
    }

    /** Where the session stands, or is about to; null before that is known. */
    @Nullable
    Position at() {
        return at;
    }

    Session session() {
        return session;
    }

    Subscribers subscribers() {
        return subscribers;
    }

    private void fail(Throwable failure) {
        if (begun.isDone()) {
            session.close(Disconnect.BROKER_UNAVAILABLE);
        }
        begun.completeExceptionally(failure);
        cancel();
    }

    /** The session is over. */
    void cancel() {
        if (!over) {
            end();
            begun.completeExceptionally(new BrokerUnavailableException("the session ended before it began"));
            loop.hub().onOneLess(subscribers);
        }
    }

    private void end() {
        over = true;
        toSend.clear();
        subscribers.replayEnded(this);
        session.replayEnded(this);
    }

    private Continuity continuity() {
        return Objects.requireNonNull(subscribers.continuity());
    }
}
