package io.whimbrel.gateway;

import io.whimbrel.broker.Outcome;
import io.whimbrel.model.Disconnect;
import io.whimbrel.model.Position;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import io.whimbrel.protocol.Codec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * The sessions of one event loop that are subscribed to one topic, and the frames they still have to be given. Called
 * only on its event loop.
 *
 * <p>They have their turns in rounds: each is given, in one write, all that was added since its last turn. What comes
 * while a round is under way needs no round of its own: who has not had its turn yet gets it along with the rest, the
 * others in the next round. The frames of a turn are laid end to end once for all who need the same.
 *
 * <pre>
 *   portions  7 8 9      members  | has 9 | has 9 | has 8 | has 8 | has 7 |
 *                                                 ^ cursor: gets 9; the last one will get 8 and 9
 * </pre>
 */
final class Subscribers {
    private final Topic topic;
    private final OutboxRule rule;
    /** Completes when the broker has the subscription. */
    private final CompletionStage<Void> ready;
    /** Null where nothing is kept. */
    private final @Nullable Continuity continuity;
    /** What brings sessions what they missed, before they join; null for none. */
    private @Nullable List<Replay> replays;

    /** Most topics are addresses with one session each. */
    private @Nullable Membership[] members = new @Nullable Membership[1];

    private int size;
    private int deflatedSessions;
    /** Whether the hub has it in its queue of topics to deliver. */
    boolean queued;

    /** What is being delivered. */
    private @Nullable Portion oldest;

    private @Nullable Portion newest;
    private int lastNumber;
    /** Whether somebody may have been given the newest one, or joined behind it, so that nothing can be added to it. */
    private boolean newestIsShown;
    /** Who is next. */
    private int cursor;
    /** How many have had their turn, ever; only differences matter. */
    private long visits;

    Subscribers(Topic topic, OutboxRule rule, CompletionStage<Void> ready, @Nullable Continuity continuity) {
        this.topic = topic;
        this.rule = rule;
        this.ready = ready;
        this.continuity = continuity;
    }

    @Nullable
    Continuity continuity() {
        return continuity;
    }

    /** Whether this is the topic of an address, and kept. */
    boolean isInbox() {
        return continuity != null && topic.isReserved();
    }

    /** Where the topic stands here; null where that is not known, or nothing is kept. */
    @Nullable
    Position lastPosition() {
        return continuity == null ? null : continuity.last();
    }

    void replayBegins(Replay replay) {
        if (replays == null) {
            replays = new ArrayList<>(1);
        }
        replays.add(replay);
    }

    void replayEnded(Replay replay) {
        if (replays != null && replays.remove(replay) && replays.isEmpty()) {
            replays = null;
        }
    }

    boolean isReplaying() {
        return replays != null;
    }

    /** All of now, whatever becomes of them meanwhile. */
    List<Replay> replays() {
        return replays == null ? List.of() : List.copyOf(replays);
    }

    /** Whether somebody has it, or is about to. */
    boolean isWanted() {
        return size > 0 || isReplaying();
    }

    OutboxRule rule() {
        return rule;
    }

    Topic topic() {
        return topic;
    }

    CompletionStage<Void> ready() {
        return ready;
    }

    /** The new one gets what is added from now on. */
    void add(Membership member) {
        if (size == members.length) {
            members = Arrays.copyOf(members, 2 * size);
        }
        put(size++, member);
        member.given = lastNumber;
        visits--; // a round under way takes one visit more
        newestIsShown = true;
        deflatedSessions += member.session().deflated() ? 1 : 0;
    }

    /**
     * Closes the gap so that whoever was visited in this round stays before the cursor, and whoever was not, behind it.
     */
    void remove(Membership member) {
        if (oldest != null && member.given != lastNumber) {
            tellLost(member.session(), firstAfter(member.given), Outcome.CUT);
        }
        int gap = member.index;
        if (gap < cursor) {
            cursor--;
            put(gap, at(cursor));
            gap = cursor;
            visits--; // the one that moves behind the cursor may be visited a second time
        }
        if (gap != --size) {
            put(gap, at(size));
        }
        members[size] = null;
        deflatedSessions -= member.session().deflated() ? 1 : 0;
        if (size >= 16 && size < members.length / 4) {
            members = Arrays.copyOf(members, members.length / 2);
        }
    }

    private void put(int index, Membership member) {
        members[index] = member;
        member.index = index;
    }

    int size() {
        return size;
    }

    /** All of now, whatever becomes of them meanwhile. */
    List<Session> sessions() {
        List<Session> sessions = new ArrayList<>(size);
        for (int i = 0; i < size; i++) {
            sessions.add(at(i).session());
        }
        return sessions;
    }

    /** Adds a publication. Answers how many bytes that made. */
    int append(Publication publication, Codec codec, Loop loop) {
        Portion portion = openPortion();
        int length = codec.encodedLength(publication);
        int written = 0;
        if (deflatedSessions < size) {
            int frameLength = Frames.headerLength(length) + length;
            written += append(publication, portion.batch(false, loop, rule, frameLength), false, loop);
        }
        if (deflatedSessions > 0) {
            written += append(publication, portion.batch(true, loop, rule, length), true, loop);
        }
        if (publication.tracking() != null) {
            follow(publication, portion, loop);
        }
        portion.onAppended(publication.timeMillis(), written);
        return written;
    }

    private static void follow(Publication publication, Portion portion, Loop loop) {
        Delivery delivery = loop.deliveries().of(publication);
        if (delivery != null) {
            follow(portion.batch(false), delivery);
            follow(portion.batch(true), delivery);
        }
    }

    private static void follow(@Nullable Batch batch, Delivery delivery) {
        if (batch != null) {
            batch.track(delivery);
        }
    }

    /** Somebody acknowledges what is beyond one offset, up to another. */
    void onAcked(Session session, long beyond, long upTo) {
        Objects.requireNonNull(continuity).onAcked(session, beyond, upTo);
    }

    /** Appends a frame for sessions of this topic; answers its length. */
    int append(Publication publication, Batch batch, boolean deflatedFrame, Loop loop) {
        int written = loop.appendFrame(publication, batch.nextFrame(), deflatedFrame);
        if (publication.tracking() != null) {
            track(publication, batch, loop);
        }
        Position position = publication.position();
        if (topic.isReserved() && position != null) { // a plain record has none
            batch.reaches(position);
        }
        return written;
    }

    private void track(Publication publication, Batch batch, Loop loop) {
        Tracker tracker = loop.trackers().of(publication);
        if (tracker != null) {
            batch.track(tracker);
            Position position = publication.position();
            if (isInbox() && position != null) {
                Objects.requireNonNull(continuity).track(position.offset(), tracker);
            }
        }
    }

    private Portion openPortion() {
        Portion last = newest;
        if (last != null && !newestIsShown) {
            return last;
        }
        Portion portion = new Portion(++lastNumber, visits + size);
        newestIsShown = false;
        newest = portion;
        if (last == null) {
            oldest = portion;
        } else {
            last.next = portion;
        }
        return portion;
    }

    /** Whether there is something that not everybody has been given. */
    boolean isDelivering() {
        return oldest != null;
    }

    /** Whether it has more than one publication to deliver. */
    boolean isBusy() {
        return oldest != newest || (newest != null && newest.publications() > 1);
    }

    /** Gives up to so many sessions all they have not got yet, in one write each; answers how many that were. */
    int deliver(int most, Loop loop) {
        newestIsShown = true;
        Batch plain = null;
        int plainAfter = 0;
        Batch deflated = null;
        int deflatedAfter = 0;
        int served = 0;
        long frames = 0;
        while (served < most && oldest != null) {
            if (cursor >= size) {
                cursor = 0;
            }
            Membership member = at(cursor++);
            visits++;
            int after = member.given;
            if (after != lastNumber) {
                member.given = lastNumber;
                served++;
                Session session = member.session();
                Batch batch;
                if (session.deflated()) {
                    if (deflated == null || deflatedAfter != after) {
                        deflated = framesAfter(after, true, loop);
                        deflatedAfter = after;
                    }
                    batch = deflated;
                } else {
                    if (plain == null || plainAfter != after) {
                        plain = framesAfter(after, false, loop);
                        plainAfter = after;
                    }
                    batch = plain;
                }
                // A session that is closed as slow leaves the list right here.
                if (session.isBehind()) {
                    frames += deliverApart(session, after);
                } else if (batch != null && session.deliver(batch, this)) {
                    frames += batch.frames();
                }
            }
            endGiven(loop);
        }
        loop.metrics().delivered(frames);
        return served;
    }

    /** What one that is behind holds for long, it holds in pieces that are shared with all others that are behind. */
    private long deliverApart(Session session, int after) {
        long frames = 0;
        for (Portion portion = firstAfter(after); portion != null; portion = portion.next) {
            Batch batch = portion.batch(session.deflated());
            if (batch != null) {
                if (!session.deliver(batch, this)) {
                    tellLost(session, portion.next, Outcome.CLOSED_SLOW);
                    return frames;
                }
                frames += batch.frames();
            }
        }
        return frames;
    }

    /** A session will not be given these portions. */
    private static void tellLost(Session session, @Nullable Portion first, Outcome why) {
        for (Portion portion = first; portion != null; portion = portion.next) {
            Batch batch = portion.batch(session.deflated());
            if (batch != null) {
                batch.onLost(session, why);
            }
        }
    }

    private Portion firstAfter(int number) {
        Portion first = Objects.requireNonNull(oldest);
        while (first.number() - number <= 0) { // a difference, since numbers overflow
            first = Objects.requireNonNull(first.next);
        }
        return first;
    }

    /** All frames of the portions behind that number; null where that wire format has none. */
    private @Nullable Batch framesAfter(int number, boolean ofDeflated, Loop loop) {
        Portion first = firstAfter(number);
        if (first == newest) {
            return countedAsTick(first.batch(ofDeflated), loop);
        }
        int bytes = 0;
        for (Portion portion = first; portion != null; portion = portion.next) {
            Batch part = portion.batch(ofDeflated);
            bytes += part == null ? 0 : part.length();
        }
        Batch together = new Batch(loop.allocate(bytes), rule);
        for (Portion portion = first; portion != null; portion = portion.next) {
            Batch part = portion.batch(ofDeflated);
            if (part != null) {
                together.append(part);
            }
        }
        loop.endAfterTick(together);
        return countedAsTick(together, loop);
    }

    private static @Nullable Batch countedAsTick(@Nullable Batch batch, Loop loop) {
        if (batch != null) {
            loop.metrics().tick(batch.frames());
        }
        return batch;
    }

    private void endGiven(Loop loop) {
        Portion portion = oldest;
        if (portion == null || portion.lastVisit > visits) {
            return;
        }
        long nowMillis = System.currentTimeMillis();
        while (portion != null && portion.lastVisit <= visits) {
            oldest = portion.next;
            portion.measure(loop.metrics(), nowMillis);
            portion.end(loop);
            portion = oldest;
        }
        if (portion == null) {
            newest = null;
        }
    }

    /**
     * Publications up to there are lost to everybody. Who wants to be told is, before anything that comes after; who cannot be
     * right now, since there is something to deliver before, has to come back.
     */
    void tellLoss(Position upTo, Loop loop) {
        Batch notice = null;
        for (int i = size - 1; i >= 0; i--) { // from the end, since who is closed leaves the list right here
            Session session = at(i).session();
            loop.metrics().notRecovered();
            if (!isInbox()) {
                continue; // of other topics nobody is told where it stands
            }
            if (session.isTold() && isDelivering()) {
                session.close(Disconnect.INSUFFICIENT_STATE);
                continue;
            }
            session.onLoss(upTo, this);
            if (session.isTold()) {
                notice = notice == null ? loop.notRecovered(upTo, rule) : notice;
                session.replay(notice, this);
            }
        }
        if (notice != null) {
            notice.end();
        }
    }

    /** Closes whoever has not got everything, since nobody will get it any more. */
    void giveUp(Loop loop) {
        for (int i = size - 1; i >= 0; i--) { // from the end, since they leave the list right here
            Membership member = at(i);
            if (member.given != lastNumber) {
                member.session().close(Disconnect.INTERNAL_ERROR);
            }
        }
        forget(loop);
    }

    /** Nobody is to be given anything any more. */
    void forget(Loop loop) {
        for (Portion portion = oldest; portion != null; portion = portion.next) {
            portion.end(loop);
        }
        oldest = null;
        newest = null;
    }

    private Membership at(int index) {
        return Objects.requireNonNull(members[index]);
    }
}
