package io.whimbrel.gateway;

import io.netty.buffer.ByteBuf;
import io.whimbrel.model.Publication;
import io.whimbrel.protocol.Codec;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * The sessions of one event loop that are subscribed to one topic, and the frames this tick has for them: laid end to
 * end once per wire format, so that each session gets all of them in one write. Called only on its event loop.
 */
final class Subscribers {
    private final List<Session> sessions = new ArrayList<>(1);
    /** Completes when the broker has the subscription. */
    private final CompletionStage<Void> ready;

    private int deflatedSessions;
    private int tickFrames;
    private @Nullable ByteBuf plainTick;
    private @Nullable ByteBuf deflatedTick;

    Subscribers(CompletionStage<Void> ready) {
        this.ready = ready;
    }

    CompletionStage<Void> ready() {
        return ready;
    }

    void add(Session session) {
        sessions.add(session);
        deflatedSessions += session.deflated() ? 1 : 0;
    }

    void remove(Session session) {
        int index = sessions.indexOf(session);
        if (index < 0) {
            return;
        }
        Session last = sessions.removeLast();
        if (index < sessions.size()) {
            sessions.set(index, last);
        }
        deflatedSessions -= session.deflated() ? 1 : 0;
    }

    boolean isEmpty() {
        return sessions.isEmpty();
    }

    /** Adds a publication to the tick. Answers how many bytes that made. */
    int append(Publication publication, Codec codec, Loop loop) {
        tickFrames++;
        int length = codec.encodedLength(publication);
        int written = 0;
        if (deflatedSessions < sessions.size()) {
            int frameLength = Frames.headerLength(length) + length;
            ByteBuf tick = plainTick == null ? loop.allocate(frameLength) : plainTick;
            plainTick = tick;
            Frames.writeTextHeader(tick, length, false);
            codec.encode(publication, loop.sinkTo(tick));
            written += frameLength;
        }
        if (deflatedSessions > 0) {
            ByteBuf tick = deflatedTick == null ? loop.allocate(length) : deflatedTick;
            deflatedTick = tick;
            written += loop.appendDeflated(publication, codec, tick);
        }
        return written;
    }

    /** Whether this tick has something for them already. */
    boolean inTick() {
        return tickFrames > 0;
    }

    /** Gives every session the frames of the tick. */
    void deliverTick() {
        ByteBuf plain = plainTick;
        ByteBuf deflated = deflatedTick;
        int frames = tickFrames;
        plainTick = null;
        deflatedTick = null;
        tickFrames = 0;
        // From the end, since a session that is closed as slow leaves the list while it is walked.
        for (int i = sessions.size() - 1; i >= 0; i--) {
            Session session = sessions.get(i);
            ByteBuf tick = session.deflated() ? deflated : plain;
            if (tick != null) {
                session.deliver(tick.retainedDuplicate(), frames);
            }
        }
        if (plain != null) {
            plain.release();
        }
        if (deflated != null) {
            deflated.release();
        }
    }
}
