package io.whimbrel.gateway;

import io.netty.buffer.ByteBuf;
import io.whimbrel.broker.Outcome;
import io.whimbrel.model.Position;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Frames of one topic in one wire format, laid end to end; shared by all subscribers of an event loop that get the same.
 * Lives until {@link #end}, or as long as outboxes hold it; what outboxes hold counts against the budget. Also carries a
 * single control frame. Used on its event loop.
 */
final class Batch {
    private final ByteBuf bytes;
    private final OutboxRule rule;
    private int frames;
    /** Where the newest frame begins. */
    private int lastFrame;

    /** Where its newest publication stands in the inbox of an address; null for other topics. */
    private @Nullable Position last;
    /** Whether it holds frames of other topics as well. */
    private boolean mixed;

    /** Who wants to know what becomes of its publications, in their order. */
    private @Nullable List<Follower> followers;
    /** So many of them of the newest. */
    private int followersOfNewest;

    private int holders;
    private @Nullable Batch newest;

    Batch(ByteBuf bytes, OutboxRule rule) {
        this.bytes = bytes;
        this.rule = rule;
    }

    /** A Ping, Pong or Close; takes the bytes over. */
    static Batch ofControlFrame(ByteBuf frame) {
        return new Batch(frame, OutboxRule.DISCONNECT);
    }

    /** Appends the frames of another one. */
    void append(Batch more) {
        lastFrame = bytes.writerIndex() + more.lastFrame;
        frames += more.frames;
        last = more.last == null ? last : more.last;
        List<Follower> theirs = more.followers;
        if (theirs != null) {
            theirs.forEach(this::track);
        }
        followersOfNewest = more.followersOfNewest;
        bytes.writeBytes(more.bytes, more.bytes.readerIndex(), more.length());
    }

    /** Appends the frames of one that is of another topic, or a control frame. */
    void appendOther(Batch more) {
        mixed |= more.mixed || (more.frames > 0 && more.last == null);
        append(more);
    }

    /** The frame appended last is that of a publication in an inbox. */
    void reaches(Position position) {
        last = position;
    }

    /** Somebody wants to know what becomes of the publication whose frame was appended last. */
    void track(Follower follower) {
        if (followers == null) {
            followers = new ArrayList<>(1);
        }
        followers.add(follower);
        followersOfNewest++;
    }

    /** The socket of a session took all bytes. */
    void onWritten(Session session) {
        List<Follower> told = followers;
        if (told != null) {
            told.forEach(follower -> follower.onWritten(session));
        }
    }

    /** The owner of an outbox is not sent this, or perhaps not. */
    void onLost(Outbox.Owner owner, Outcome why) {
        List<Follower> told = followers;
        if (told != null) {
            told.forEach(follower -> owner.onLost(follower, why));
        }
    }

    /** The same, but for the newest frame. */
    void onOlderLost(Outbox.Owner owner, Outcome why) {
        List<Follower> told = followers;
        if (told != null) {
            told.subList(0, told.size() - followersOfNewest).forEach(follower -> owner.onLost(follower, why));
        }
    }

    @Nullable
    Position last() {
        return last;
    }

    /** Where the newest publication stands of which all bytes are among the first so many; null where that is not known. */
    @Nullable
    Position lastWithin(int sentBytes) {
        Position whole = last;
        if (whole == null || mixed) {
            return null;
        }
        int sent = Frames.textFramesWithin(bytes, sentBytes);
        long offset = whole.offset() - (frames - sent);
        return sent == 0 ? null : whole.at(offset);
    }

    /** The buffer to append the next frame to. */
    ByteBuf nextFrame() {
        lastFrame = bytes.writerIndex();
        followersOfNewest = 0;
        frames++;
        return bytes;
    }

    ByteBuf bytes() {
        return bytes;
    }

    int length() {
        return bytes.readableBytes();
    }

    /** How many publications it holds; 0 for a control frame. */
    int frames() {
        return frames;
    }

    OutboxRule rule() {
        return rule;
    }

    /** The newest frame alone: a copy, so that who holds it does not hold the others, and one for all who ask. */
    Batch newest() {
        if (frames <= 1) {
            return this;
        }
        Batch copy = newest;
        if (copy == null) {
            copy = new Batch(bytes.copy(lastFrame, bytes.writerIndex() - lastFrame), rule);
            copy.frames = 1;
            copy.last = last;
            List<Follower> all = followers;
            if (all != null) {
                all.subList(all.size() - followersOfNewest, all.size()).forEach(copy::track);
            }
            newest = copy;
        }
        return copy;
    }

    /** Keeps the bytes beyond their end, until {@link #release}. */
    void hold(MemoryBudget budget) {
        if (holders++ == 0) {
            bytes.retain();
            budget.take(bytes.capacity());
        }
    }

    void release(MemoryBudget budget) {
        if (--holders == 0) {
            budget.giveBack(bytes.capacity());
            bytes.release();
        }
    }

    /** Nobody new gets it; the bytes live on where they are held. */
    void end() {
        bytes.release();
        if (newest != null) {
            newest.end();
        }
    }
}
