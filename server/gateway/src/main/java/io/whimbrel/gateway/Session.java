package io.whimbrel.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.whimbrel.auth.TokenVerdict;
import io.whimbrel.broker.Outcome;
import io.whimbrel.model.Disconnect;
import io.whimbrel.model.Position;
import io.whimbrel.model.Revocation;
import io.whimbrel.protocol.Command;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * One connection of one client, from its accepted handshake to its end. Called only on its event loop.
 *
 * <pre>
 *   OPENING ──open──▶ OPEN ──close──▶ CLOSING ──▶ CLOSED
 *      frames wait      frames go       only the client's Close frame,
 *      in the outbox    to the socket   the end of its bytes or the deadline count
 * </pre>
 */
final class Session extends TimingWheel.Entry implements Socket.Owner, FrameReader.Sink, Outbox.Owner {
    private enum State {
        OPENING,
        OPEN,
        CLOSING,
        CLOSED
    }

    /** When a session is over whatever its client does, and what the client hears then. */
    record End(long millis, Disconnect reason) {
        static final End NEVER = new End(Long.MAX_VALUE, Disconnect.EXPIRED);
    }

    private final Loop loop;
    private final Socket socket;
    private final Outbox outbox;
    private final FrameReader reader;
    private final boolean deflated;
    /** What it is subscribed to; null for a connection that was refused and lives only to be told why. */
    private @Nullable Membership memberships;

    /** What brings it publications it missed; null when it has them. */
    private @Nullable Replay replay;

    /** Of its address's topic: the offset of the last publication it was given, and up to where its client said it has them. */
    private long givenOffset;

    private long ackedOffset;
    /** Whether its client is told of what is lost, in frames without a message. */
    private final boolean told;
    /** Whether only what its client says moves the cursor of its inbox; otherwise what its socket took does. */
    private boolean acks;

    /** Of its token, so that it ends with that, see {@link Revocation#concerns}. */
    private long sinceSeconds;

    private long fingerprint;

    /** When it is to be closed; once it is, when it ends without a word. */
    private long endsAtMillis;

    private final Disconnect endReason;
    private State state = State.OPENING;
    /** Why to close at once when the handshake has been answered; null for a connection that may stay. */
    private @Nullable Disconnect closeOnOpen;

    private boolean flushPending;
    private boolean readingPaused;
    private int utf8 = Utf8.BOUNDARY;
    /** A message that comes in pieces, or compressed, so far. */
    private @Nullable ByteBuf message;
    /** Whether the message under way is larger than any that means something. */
    private boolean messageIsLong;

    private long lastReadMillis;
    /** When the ping was sent that nothing has followed yet; 0 when none is out. */
    private long pingSentMillis;

    private long nextPingMillis;

    /**
     * @param end by the loop's clock
     * @param deflated whether permessage-deflate was negotiated
     * @param acks whether its client says what it has, from the beginning, and is told of what is lost
     */
    Session(Loop loop, Socket socket, End end, boolean deflated, boolean acks) {
        this.loop = loop;
        this.socket = socket;
        endsAtMillis = end.millis();
        endReason = end.reason();
        this.deflated = deflated;
        this.acks = acks;
        told = acks;
        outbox = new Outbox(socket, loop, this);
        reader = new FrameReader(this, loop.limits().maxMessageBytes(), deflated);
    }

    /** What let it in. */
    void holds(TokenVerdict.Valid token) {
        sinceSeconds = token.sinceSeconds();
        fingerprint = token.fingerprint();
    }

    /** Ends it, where its token is among those of its address that count no more. */
    void heed(Revocation revocation) {
        if (revocation.concerns(sinceSeconds, fingerprint)) {
            close(Disconnect.REVOKED);
        }
    }

    /** Its place among the subscribers of one more topic. */
    Membership join(Subscribers subscribers) {
        Membership membership = new Membership(this, subscribers, memberships);
        memberships = membership;
        return membership;
    }

    /** Forgets all places and answers the first of them. */
    @Nullable
    Membership leaveAll() {
        Membership all = memberships;
        memberships = null;
        return all;
    }

    void replayBegins(Replay begun) {
        replay = begun;
    }

    void replayEnded(Replay ended) {
        if (replay == ended) {
            replay = null;
        }
    }

    /** Takes frames from before it joined. */
    boolean replay(Batch batch, Subscribers topic) {
        if (isOver()) {
            return false;
        }
        given(batch);
        boolean taken = outbox.offer(batch, topic);
        if (!taken) {
            close(Disconnect.SLOW);
        }
        return taken;
    }

    private void given(Batch batch) {
        Position last = batch.last();
        if (last != null) {
            givenOffset = last.offset();
        }
    }

    /** Publications of its address up to there are lost to it: whoever does not acknowledge has done with them. */
    void onLoss(Position upTo, Subscribers inbox) {
        givenOffset = upTo.offset();
        ackedOffset = upTo.offset(); // whoever acknowledges that has heard of the loss, and has nothing of what is lost
        if (!acks) {
            loop.cursors().move(inbox, upTo);
        }
    }

    /** It has everything of its address's topic up to there. */
    void standsAt(long offset) {
        givenOffset = offset;
        ackedOffset = offset;
    }

    boolean isTold() {
        return told;
    }

    @Override
    public void onWritten(Batch batch, @Nullable Subscribers topic) {
        Position last = batch.last();
        if (last != null && topic != null) {
            onReached(last, topic);
        }
        batch.onWritten(this);
    }

    @Override
    public void onReached(Position reached, Subscribers topic) {
        if (!acks) {
            loop.cursors().move(topic, reached);
        }
    }

    @Override
    public void onLost(Follower follower, Outcome why) {
        follower.onLost(this, why);
    }

    /** Tells it from other sessions; not its client. */
    String name() {
        return socket.name();
    }

    /** Whether nothing is given to it any more. */
    boolean isOver() {
        return state == State.CLOSING || state == State.CLOSED || closeOnOpen != null;
    }

    /** What waits for the client. */
    long pendingBytes() {
        return outbox.pendingBytes();
    }

    boolean deflated() {
        return deflated;
    }

    /** The handshake has been answered: frames may go out, the heart begins to beat. */
    void open() {
        if (state != State.OPENING) {
            return;
        }
        state = State.OPEN;
        loop.metrics().sessionOpened();
        if (closeOnOpen == Disconnect.REVOKED) {
            outbox.clear(Outcome.CUT); // nothing of it is for whoever has that token
        }
        outbox.open();
        if (closeOnOpen != null) {
            close(closeOnOpen);
            return;
        }
        long now = loop.nowMillis();
        lastReadMillis = now;
        // The first ping at random, so that a storm of connects does not become a storm of pings.
        nextPingMillis = now
                + ThreadLocalRandom.current()
                        .nextLong(loop.timing().pingInterval().toMillis())
                + 1;
        scheduleHeartbeat();
        replayOn();
    }

    /** Takes the frames of a tick and sends them now, or, with several topics, when {@link #flush} is called. */
    boolean deliver(Batch batch, Subscribers topic) {
        Membership own = memberships;
        if (own == null || isOver()) {
            return false;
        }
        given(batch);
        boolean taken;
        if (own.next() == null) {
            taken = outbox.offer(batch, topic);
        } else {
            taken = outbox.offerForTick(batch, topic);
            if (!flushPending) {
                flushPending = true;
                loop.flushLater(this);
            }
        }
        if (!taken) {
            close(Disconnect.SLOW);
        }
        return taken;
    }

    /** Whether something waits for the client already. */
    boolean isBehind() {
        return outbox.isBehind();
    }

    /** Sends what the tick brought; once per tick, whatever the number of topics. */
    void flush() {
        flushPending = false;
        if (state == State.OPEN) {
            outbox.flush();
        }
    }

    @Override
    public void onBytes(ByteBuf bytes) {
        lastReadMillis = loop.nowMillis();
        if (state == State.CLOSED) {
            bytes.release();
        } else {
            reader.read(bytes);
        }
    }

    @Override
    public void onWritable() {
        outbox.onWritable();
        resumeReading();
        replayOn();
    }

    private void replayOn() {
        Replay running = replay;
        if (running != null && !outbox.isBehind()) {
            running.goOn();
        }
    }

    private void resumeReading() {
        if (readingPaused) {
            readingPaused = false;
            socket.resumeReading();
        }
    }

    @Override
    public void onClosed() {
        if (state == State.CLOSED) {
            return;
        }
        if (state != State.OPENING) {
            loop.metrics().sessionEnded();
        }
        state = State.CLOSED;
        loop.wheel().cancel(this);
        outbox.discard();
        leave();
        reader.close();
        dropMessage();
    }

    /** Says goodbye with a code, waits a little for the client's answer, then ends the connection. */
    void close(Disconnect reason) {
        if (state == State.OPENING) {
            // No frame may precede the answer to the handshake.
            closeOnOpen = closeOnOpen == null || reason == Disconnect.REVOKED ? reason : closeOnOpen;
            return;
        }
        if (state != State.OPEN) {
            return;
        }
        beginClosing();
        loop.metrics().closed(reason);
        if (reason == Disconnect.SLOW) {
            outbox.clear(Outcome.CLOSED_SLOW); // What it could not take in time would keep the reason from it.
        }
        send(Frames.close(reason));
    }

    /** The topic of its address; null where that is not kept, or the session has left it. */
    private @Nullable Subscribers inbox() {
        for (Membership member = memberships; member != null; member = member.next()) {
            if (member.subscribers().isInbox()) {
                return member.subscribers();
            }
        }
        Replay running = replay;
        return running == null ? null : running.subscribers();
    }

    private void leave() {
        Replay running = replay;
        if (running != null) {
            running.cancel();
        }
        loop.hub().remove(this);
    }

    /** Ends the connection without waiting for anybody. */
    void abort() {
        socket.abort();
    }

    private void send(ByteBuf controlFrame) {
        outbox.control(Batch.ofControlFrame(controlFrame));
    }

    private void beginClosing() {
        state = State.CLOSING;
        leave();
        dropMessage();
        resumeReading();
        endsAtMillis = loop.nowMillis() + loop.timing().close().toMillis();
        loop.wheel().schedule(this, endsAtMillis);
    }

    // What the client sends

    @Override
    public void onData(ByteBuf piece, boolean text, boolean compressed, boolean first, boolean last) {
        if (state != State.OPEN) {
            return;
        }
        if (compressed) {
            onCompressed(piece, text, last);
        } else if (text) {
            utf8 = Utf8.advance(first ? Utf8.BOUNDARY : utf8, piece);
            if (utf8 == Utf8.INVALID || (last && utf8 != Utf8.BOUNDARY)) {
                violated(Disconnect.INVALID_PAYLOAD);
            } else {
                onText(piece, last);
            }
        }
    }

    private void onText(ByteBuf piece, boolean last) {
        int before = message == null ? 0 : message.readableBytes();
        messageIsLong |= before + piece.readableBytes() > loop.hub().codec().maxCommandBytes();
        if (messageIsLong) {
            dropMessage();
        } else if (last && before == 0) {
            onMessage(ByteBufUtil.getBytes(piece));
        } else {
            gather(piece);
            if (last) {
                onMessage(ByteBufUtil.getBytes(message));
                dropMessage();
            }
        }
        messageIsLong &= !last;
    }

    private void gather(ByteBuf piece) {
        ByteBuf gathered = message;
        if (gathered == null) {
            gathered = loop.allocate(piece.readableBytes());
            message = gathered;
        }
        gathered.writeBytes(piece, piece.readerIndex(), piece.readableBytes());
    }

    private void onMessage(byte[] text) {
        switch (loop.hub().codec().decode(text)) {
            case Command.Ack(long offset) -> onAck(offset);
            case Command.Unknown() -> {} // whatever it is, the client's next library may mean something by it
        }
    }

    private void onAck(long offset) {
        Subscribers inbox = inbox();
        if (inbox == null || offset > givenOffset) {
            loop.metrics().ackIgnored();
            return;
        }
        acks = true;
        Position stands = stands(inbox);
        if (offset >= ackedOffset && stands != null) {
            inbox.onAcked(this, ackedOffset, offset);
            ackedOffset = offset;
            loop.cursors().move(inbox, stands.at(offset));
        }
    }

    /** In which epoch it was given what it has; before the topic begins here its replay knows that. */
    private @Nullable Position stands(Subscribers inbox) {
        Position topic = inbox.lastPosition();
        Replay running = replay;
        return topic != null || running == null ? topic : running.at();
    }

    private void onCompressed(ByteBuf piece, boolean text, boolean last) {
        gather(piece);
        if (!last) {
            return;
        }
        Deflation.Inflated found = loop.deflation()
                .inflate(Objects.requireNonNull(message), text, loop.limits().maxMessageBytes());
        dropMessage();
        switch (found) {
            case VALID -> {
                if (text) {
                    onMessage(loop.deflation().inflated(loop.hub().codec().maxCommandBytes()));
                }
            }
            case NOT_DEFLATE -> violated(Disconnect.PROTOCOL_ERROR);
            case TOO_BIG -> violated(Disconnect.MESSAGE_TOO_BIG);
            case NOT_UTF8 -> violated(Disconnect.INVALID_PAYLOAD);
        }
    }

    private void dropMessage() {
        if (message != null) {
            message.release();
            message = null;
        }
    }

    @Override
    public void onPing(ByteBuf payload) {
        if (state != State.OPEN) {
            return;
        }
        send(Frames.pong(payload));
        // Who does not read our pongs may not make us queue more of them.
        if (outbox.pendingBytes() > loop.limits().pongBacklogBytes() && !readingPaused) {
            readingPaused = true;
            socket.pauseReading();
        }
    }

    @Override
    public void onPong() {
        // Any byte is a sign of life, see onBytes.
    }

    @Override
    public void onClose(ByteBuf payload) {
        if (state == State.CLOSING) {
            outbox.close();
            return;
        }
        int length = payload.readableBytes();
        if (length == 1 || (length >= 2 && !isCloseCode(payload.getUnsignedShort(payload.readerIndex())))) {
            violated(Disconnect.PROTOCOL_ERROR);
            return;
        }
        if (length > 2 && Utf8.advance(Utf8.BOUNDARY, payload.slice(payload.readerIndex() + 2, length - 2)) != 0) {
            violated(Disconnect.INVALID_PAYLOAD);
            return;
        }
        beginClosing();
        loop.metrics().closedByClient();
        send(length == 0 ? Frames.closeWithoutCode() : Frames.close(payload.getUnsignedShort(payload.readerIndex())));
        outbox.close();
    }

    @Override
    public void onViolation(Disconnect reason) {
        violated(reason);
    }

    /** Nothing the client sends can be understood any more, not even a Close frame: our direction ends at once. */
    private void violated(Disconnect reason) {
        if (state == State.CLOSING || state == State.CLOSED) {
            return;
        }
        reader.close();
        close(reason);
        outbox.finish();
    }

    /** The codes a Close frame may carry (RFC 6455 §7.4, and those registered since). */
    private static boolean isCloseCode(int code) {
        return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
    }

    // Time

    @Override
    void onDeadline(long nowMillis) {
        switch (state) {
            case OPENING, CLOSED -> {}
            case CLOSING -> endAtItsTime(nowMillis);
            case OPEN -> beat(nowMillis);
        }
    }

    private void endAtItsTime(long nowMillis) {
        if (nowMillis >= endsAtMillis) {
            socket.abort();
        } else {
            loop.wheel().schedule(this, endsAtMillis);
        }
    }

    private void beat(long nowMillis) {
        if (nowMillis >= endsAtMillis) {
            close(endReason);
            return;
        }
        if (pingSentMillis != 0) {
            if (lastReadMillis >= pingSentMillis) {
                pingSentMillis = 0;
            } else if (nowMillis - pingSentMillis >= loop.timing().pongTimeout().toMillis()) {
                close(Disconnect.NO_PONG);
                return;
            }
        }
        if (nowMillis >= nextPingMillis) {
            pingSentMillis = nowMillis;
            nextPingMillis = nowMillis + loop.timing().pingInterval().toMillis();
            send(Frames.ping());
        }
        scheduleHeartbeat();
    }

    private void scheduleHeartbeat() {
        long next = pingSentMillis == 0
                ? nextPingMillis
                : pingSentMillis + loop.timing().pongTimeout().toMillis();
        loop.wheel().schedule(this, Math.min(next, endsAtMillis));
    }
}
