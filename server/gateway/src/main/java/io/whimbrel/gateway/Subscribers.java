package io.whimbrel.gateway;

import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import io.whimbrel.protocol.Codec;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * The sessions of one event loop that are subscribed to one topic, and the frames this tick has for them: laid end to
 * end once per wire format, so that each session gets all of them in one write. Called only on its event loop.
 */
final class Subscribers {
    private final Topic topic;
    private final OutboxRule rule;
    /** Completes when the broker has the subscription. */
    private final CompletionStage<Void> ready;

    /** Most topics are addresses with one session each. */
    private @Nullable Membership[] members = new @Nullable Membership[1];

    private int size;
    private int deflatedSessions;

    private @Nullable Batch plainBatch;
    private @Nullable Batch deflatedBatch;

    Subscribers(Topic topic, OutboxRule rule, CompletionStage<Void> ready) {
        this.topic = topic;
        this.rule = rule;
        this.ready = ready;
    }

    Topic topic() {
        return topic;
    }

    CompletionStage<Void> ready() {
        return ready;
    }

    void add(Membership member) {
        if (size == members.length) {
            members = Arrays.copyOf(members, 2 * size);
        }
        member.index = size;
        members[size++] = member;
        deflatedSessions += member.session().deflated() ? 1 : 0;
    }

    /** Its place is taken by the last one. */
    void remove(Membership member) {
        Membership last = at(--size);
        members[member.index] = last;
        last.index = member.index;
        members[size] = null;
        deflatedSessions -= member.session().deflated() ? 1 : 0;
        if (size >= 16 && size < members.length / 4) {
            members = Arrays.copyOf(members, members.length / 2);
        }
    }

    int size() {
        return size;
    }

    /** Adds a publication to the tick. Answers how many bytes that made. */
    int append(Publication publication, Codec codec, Loop loop) {
        int length = codec.encodedLength(publication);
        int written = 0;
        if (deflatedSessions < size) {
            int frameLength = Frames.headerLength(length) + length;
            Batch batch = plainBatch == null ? new Batch(loop.allocate(frameLength), rule) : plainBatch;
            plainBatch = batch;
            var out = batch.nextFrame();
            Frames.writeTextHeader(out, length, false);
            codec.encode(publication, loop.sinkTo(out));
            written += frameLength;
        }
        if (deflatedSessions > 0) {
            Batch batch = deflatedBatch == null ? new Batch(loop.allocate(length), rule) : deflatedBatch;
            deflatedBatch = batch;
            written += loop.appendDeflated(publication, codec, batch.nextFrame());
        }
        return written;
    }

    /** Whether this tick has something for them already. */
    boolean inTick() {
        return plainBatch != null || deflatedBatch != null;
    }

    /** Gives every session the frames of the tick; answers how many frames that were. */
    long deliverTick() {
        Batch plain = plainBatch;
        Batch deflated = deflatedBatch;
        long frames = 0;
        // From the end, since a session that is closed as slow leaves the list while it is walked.
        for (int i = size - 1; i >= 0; i--) {
            Session session = at(i).session();
            Batch batch = session.deflated() ? deflated : plain;
            if (batch != null && session.deliver(batch, this)) {
                frames += batch.frames();
            }
        }
        return frames;
    }

    /** What sessions do not hold of the tick is given back. */
    void endTick() {
        if (plainBatch != null) {
            plainBatch.end();
            plainBatch = null;
        }
        if (deflatedBatch != null) {
            deflatedBatch.end();
            deflatedBatch = null;
        }
    }

    private Membership at(int index) {
        return Objects.requireNonNull(members[index]);
    }
}
