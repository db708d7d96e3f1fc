package io.whimbrel.gateway;

import io.whimbrel.broker.History;
import io.whimbrel.broker.Outcome;
import io.whimbrel.model.Position;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Revocation;
import io.whimbrel.model.Topic;
import io.whimbrel.protocol.Codec;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Who is subscribed to what on one event loop. No locks: called only on that loop. */
final class Hub {
    private static final Logger log = LoggerFactory.getLogger(Hub.class);

    private static final long CATCH_UP_RETRY_MILLIS = 1_000;
    /** So many topics are looked at in one question: 20,000 a second and event loop. */
    private static final int CATCH_UP_AT_ONCE = 200;

    private static final long CATCH_UP_PAUSE_MILLIS = 10;

    private final Loop loop;
    private final Subscriptions subscriptions;
    private final Codec codec;
    private final Map<Topic, Subscribers> topics = new HashMap<>();
    /** Topics that have something to deliver; they take turns. */
    private final ArrayDeque<Subscribers> delivering = new ArrayDeque<>();
    /** Topics whose last session has left, in that order. */
    private final ArrayDeque<Lingering> lingering = new ArrayDeque<>();

    /** Whether a round is under way that looks where topics stand, and whether another one is due behind it. */
    private boolean checking;

    private boolean checkAgain;

    /** Those that the last round could not look at, and whether that is about to be tried again. */
    private final List<Subscribers> unread = new ArrayList<>();

    private boolean retrying;

    private record Lingering(Subscribers subscribers, long untilMillis) {}

    Hub(Loop loop, Subscriptions subscriptions, Codec codec) {
        this.loop = loop;
        this.subscriptions = subscriptions;
        this.codec = codec;
    }

    /**
     * Completes when publications accepted from now on reach the session, and those it missed before; fails when the broker
     * cannot promise that.
     *
     * @param since null for a session that begins at the cursor of its address, or, with another topic, with what is published
     *     from now on
     */
    CompletionStage<Void> subscribe(Session session, Topic topic, @Nullable Position since) {
        Subscribers subscribers = topics.computeIfAbsent(topic, this::newSubscribers);
        if (subscribers.continuity() == null) {
            subscribers.add(session.join(subscribers));
            return subscribers.ready();
        }
        Replay replay = new Replay(loop, session, subscribers, since);
        if (subscribers.isInbox()) { // others have nothing to be sent
            session.replayBegins(replay);
        }
        return replay.begin();
    }

    private Subscribers newSubscribers(Topic topic) {
        return new Subscribers(
                topic,
                loop.settings().outboxRules().of(topic),
                subscriptions.add(topic, loop),
                subscriptions.keeps(topic) ? new Continuity() : null);
    }

    /** Ends the session's subscriptions; also right for a session that has none. */
    void remove(Session session) {
        for (Membership member = session.leaveAll(); member != null; member = member.next()) {
            Subscribers subscribers = member.subscribers();
            subscribers.remove(member);
            if (subscribers.size() == 0) {
                subscribers.forget(loop);
                onOneLess(subscribers);
            }
        }
    }

    /** Lets go of a topic that nobody has, and nobody is about to have. */
    void onOneLess(Subscribers subscribers) {
        if (!subscribers.isWanted()) {
            onNobodyLeft(subscribers);
        }
    }

    /**
     * An address is let go at once: how many gateways listen to it is the answer to whether its client is online. So is a topic that
     * could not be subscribed: who comes next tries anew.
     */
    private void onNobodyLeft(Subscribers subscribers) {
        long lingerMillis = loop.timing().topicLinger().toMillis();
        if (subscribers.topic().address().isPresent()
                || lingerMillis == 0
                || Subscriptions.hasFailed(subscribers.ready())) {
            drop(subscribers);
        } else {
            lingering.add(new Lingering(subscribers, loop.nowMillis() + lingerMillis));
        }
    }

    private void drop(Subscribers subscribers) {
        if (topics.remove(subscribers.topic(), subscribers)) {
            loop.cursors().flushSoon();
            subscriptions.remove(subscribers.topic(), loop);
        }
    }

    /**
     * Ends the sessions of its address that it concerns. Those whose handshake is not answered yet are not all found, and look
     * for it themselves.
     */
    void heed(Revocation revocation) {
        Topic topic = Topic.of(revocation.address());
        Subscribers subscribers = topics.get(topic);
        if (subscribers == null) {
            return;
        }
        subscribers.sessions().forEach(session -> session.heed(revocation));
        subscribers.replays().forEach(replay -> replay.session().heed(revocation)); // they have not joined
    }

    /** Lets go of topics to which nobody has come back. */
    void endLingering(long nowMillis) {
        for (Lingering oldest; (oldest = lingering.peek()) != null && oldest.untilMillis <= nowMillis; ) {
            lingering.remove();
            if (!oldest.subscribers.isWanted()) {
                drop(oldest.subscribers);
            }
        }
    }

    /** Adds a publication to what is delivered; answers how many bytes of frames it made. */
    int append(Publication publication) {
        @Nullable Subscribers subscribers = topics.get(publication.topic());
        boolean tracked = publication.tracking() != null;
        @Nullable Position before = tracked && subscribers != null ? subscribers.lastPosition() : null;
        boolean next = subscribers != null && isNext(subscribers, publication.position());
        if (tracked) {
            count(publication, subscribers, next, before);
        }
        if (subscribers != null && publication.position() == null) {
            subscribers.replays().forEach(replay -> replay.pass(publication)); // nobody reads it later
        }
        if (subscribers == null || !next || subscribers.size() == 0) {
            return 0;
        }
        if (!subscribers.queued) {
            subscribers.queued = true;
            delivering.add(subscribers);
        }
        try {
            return subscribers.append(publication, codec, loop);
        } catch (RuntimeException | Error e) {
            giveUp(subscribers, e);
            return 0;
        }
    }

    /**
     * Who has it already was counted when it was given it; who lacks something before it will be when that was read.
     *
     * @param before where the topic stood when it came: what was missing may have been read meanwhile
     */
    private void count(
            Publication publication, @Nullable Subscribers subscribers, boolean next, @Nullable Position before) {
        Tracker tracker = loop.trackers().of(publication);
        Delivery delivery = loop.deliveries().of(publication);
        boolean later = subscribers != null && !next && isBeyond(subscribers.lastPosition(), publication.position());
        int sessions = next && subscribers != null ? subscribers.size() : 0;
        if (delivery != null && !later) {
            delivery.count(loop, sessions);
        }
        if (tracker == null) {
            return;
        }
        if (!later) {
            tracker.count(loop, sessions);
        }
        boolean cameEarly = before == null || isBeyond(before, publication.position());
        tracker.note(outcome(subscribers, next, cameEarly), sessions);
    }

    /** Who is being sent what it missed is given this along with the rest. */
    private static Outcome outcome(@Nullable Subscribers subscribers, boolean next, boolean cameEarly) {
        if (subscribers == null) {
            return Outcome.GIVEN; // to nobody
        }
        if (next) {
            return subscribers.size() == 0 && subscribers.isReplaying() ? Outcome.LATER : Outcome.GIVEN;
        }
        return cameEarly ? Outcome.LATER : Outcome.DUPLICATE;
    }

    private static boolean isBeyond(@Nullable Position here, @Nullable Position there) {
        return here != null && there != null && (!here.epoch().equals(there.epoch()) || there.offset() > here.offset());
    }

    /**
     * Gives up to so many sessions what they have not got yet. Where there are several topics, of each some, so that a
     * large one does not keep the small ones waiting, and who has several is served in the same tick.
     */
    void deliver(int most, int mostOfBusyTopic) {
        int left = most;
        for (int turns = delivering.size(); turns > 0 && left > 0; turns--) {
            Subscribers subscribers = delivering.remove();
            boolean alone = delivering.isEmpty() && !subscribers.isBusy();
            try {
                left -= subscribers.deliver(alone ? left : Math.min(left, mostOfBusyTopic), loop);
            } catch (RuntimeException | Error e) {
                giveUp(subscribers, e);
            }
            if (subscribers.isDelivering()) {
                delivering.add(subscribers);
            } else {
                subscribers.queued = false;
            }
        }
    }

    private boolean isNext(Subscribers subscribers, @Nullable Position position) {
        Continuity continuity = subscribers.continuity();
        if (continuity == null || position == null) {
            return true;
        }
        switch (continuity.place(position)) {
            case NEXT -> {
                continuity.given(position);
                return true;
            }
            case KNOWN -> {}
            case BEYOND_A_GAP, IN_ANOTHER_EPOCH -> catchUp(subscribers);
        }
        return false;
    }

    CompletionStage<History> inbox(Topic topic, int limit) {
        return subscriptions.inbox(topic, limit);
    }

    CompletionStage<History> history(Topic topic, long after, int limit) {
        return subscriptions.history(topic, after, limit);
    }

    /** Reads what the subscribers of a topic have missed. Nothing is missed where the topic does not stand anywhere yet. */
    void catchUp(Subscribers subscribers) {
        Continuity continuity = Objects.requireNonNull(subscribers.continuity());
        Position last = continuity.last();
        if (last == null || continuity.catchingUp) {
            return;
        }
        continuity.catchingUp = true;
        history(subscribers.topic(), last.offset(), Replay.CHUNK)
                .whenComplete((history, failure) -> loop.run(() -> {
                    continuity.catchingUp = false;
                    if (topics.get(subscribers.topic()) != subscribers) {
                        return;
                    }
                    if (failure != null) {
                        log.debug("What {} missed could not be read, trying on", subscribers.topic(), failure);
                        retryCatchUp(subscribers, continuity);
                        return;
                    }
                    if (history.top().offset() < last.offset()
                            && history.top().epoch().equals(last.epoch())) {
                        continuity.renew(last.epoch()); // the broker lost what had been delivered
                    }
                    onHistory(subscribers, history);
                    if (continuity.lacks(history.top())) {
                        catchUp(subscribers);
                    }
                }));
    }

    /** Once, however many publications beyond the gap have failed to have it closed. */
    private void retryCatchUp(Subscribers subscribers, Continuity continuity) {
        if (!continuity.retryDue) {
            continuity.retryDue = true;
            later(
                    () -> {
                        continuity.retryDue = false;
                        catchUp(subscribers);
                    },
                    CATCH_UP_RETRY_MILLIS);
        }
    }

    /** Gives the subscribers of a topic what it kept and they have not got, and tells of what is lost. */
    void onHistory(Subscribers subscribers, History history) {
        Continuity continuity = Objects.requireNonNull(subscribers.continuity());
        Position last = continuity.last();
        if (last == null) {
            return;
        }
        Position top = history.top();
        if (!last.epoch().equals(top.epoch())) {
            History.Standing standing = history.standing(last);
            if (standing == null) {
                continuity.renew(top.epoch());
                last = top.at(0);
            } else {
                continuity.goOn(standing.at(), standing.certain());
                last = standing.at();
            }
        }
        if (history.after() > last.offset()) {
            return; // who asked stands further on; the topic's own reading follows
        }
        boolean again = continuity.lost; // all that is kept comes, also what they have
        for (Publication publication : history.publications()) {
            long offset = Objects.requireNonNull(publication.position()).offset();
            if (offset > last.offset()) {
                if (continuity.lost || offset > last.offset() + 1) {
                    lose(subscribers, top.at(offset - 1));
                }
                loop.append(again && isCounted(publication) ? publication.tracked(null) : publication);
                last = top.at(offset);
            }
        }
        if (history.publications().isEmpty() && (continuity.lost || last.offset() < top.offset())) {
            lose(subscribers, top);
        }
    }

    /** Whether those who were here when it came are in its receipt. */
    private boolean isCounted(Publication publication) {
        Tracker tracker = loop.trackers().of(publication);
        return tracker != null && tracker.isCounted(loop);
    }

    /** Publications up to there are not kept any more. */
    private void lose(Subscribers subscribers, Position upTo) {
        Continuity continuity = Objects.requireNonNull(subscribers.continuity());
        continuity.lost = false;
        continuity.given(upTo);
        subscribers.tellLoss(upTo, loop);
    }

    /** The broker's subscriptions were interrupted, or it is time to look: what topics lack is read. So many at a time. */
    void catchUpAll() {
        if (checking) { // one round at a time: in an outage they would pile up, and all read when it is over
            checkAgain = true;
            return;
        }
        List<Subscribers> kept = new ArrayList<>();
        for (Subscribers subscribers : topics.values()) {
            if (subscribers.lastPosition() != null) {
                kept.add(subscribers);
            }
        }
        beginRound(kept);
    }

    private void beginRound(List<Subscribers> kept) {
        unread.clear();
        checking = true;
        catchUpFrom(kept, 0);
    }

    /** Whose part of the broker does not answer is tried again, but the others do not wait for that, nor does the next round of all. */
    private void endRound() {
        checking = false;
        if (checkAgain) {
            checkAgain = false;
            catchUpAll();
        } else if (!unread.isEmpty() && !retrying) {
            retrying = true;
            later(this::retryUnread, CATCH_UP_RETRY_MILLIS);
        }
    }

    private void retryUnread() {
        retrying = false;
        if (!checking) { // else a round of all began meanwhile, and its end comes back to this
            beginRound(unread.stream()
                    .filter(subscribers -> topics.get(subscribers.topic()) == subscribers)
                    .toList());
        }
    }

    private void catchUpFrom(List<Subscribers> kept, int from) {
        int to = Math.min(from + CATCH_UP_AT_ONCE, kept.size());
        List<Subscribers> piece = kept.subList(from, to);
        if (piece.isEmpty()) {
            endRound();
            return;
        }
        subscriptions
                .tops(piece.stream().map(Subscribers::topic).toList())
                .whenComplete((tops, failure) -> loop.run(() -> {
                    if (failure != null || tops.unread().size() == piece.size()) { // likely all of it is away
                        unread.addAll(0, kept.subList(to, kept.size())); // next time those come first
                        unread.addAll(piece);
                        endRound();
                        return;
                    }
                    for (Subscribers subscribers : piece) {
                        if (tops.unread().contains(subscribers.topic())) {
                            unread.add(subscribers);
                        } else if (isElsewhere(subscribers, tops.positions().get(subscribers.topic()))) {
                            catchUp(subscribers);
                        }
                    }
                    later(() -> catchUpFrom(kept, to), CATCH_UP_PAUSE_MILLIS);
                }));
    }

    /** Also where the topic went on since that top was read: then reading it finds nothing. */
    private static boolean isElsewhere(Subscribers subscribers, @Nullable Position top) {
        return !Objects.equals(subscribers.lastPosition(), top);
    }

    private void later(Runnable task, long millis) {
        var _ = loop.executor().schedule(task, millis, TimeUnit.MILLISECONDS);
    }

    Codec codec() {
        return codec;
    }

    /** A mistake of ours, or no memory, about one topic must not cost the others their tick. */
    private void giveUp(Subscribers subscribers, Throwable failure) {
        log.error("Publications of a topic could not be delivered, its clients have to come back", failure);
        subscribers.giveUp(loop);
    }

    int sessionsOf(Topic topic) {
        Subscribers subscribers = topics.get(topic);
        return subscribers == null ? 0 : subscribers.size();
    }

    boolean isDelivering() {
        return !delivering.isEmpty();
    }

    int topicCount() {
        return topics.size();
    }
}
