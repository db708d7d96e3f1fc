package io.whimbrel.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/** A client without a connection that answers pings, a moment later as over a network. Used on its event loop. */
final class AnsweringSocket extends MemorySocket {
    private static final int PING = 0x89;
    private static final ByteBuf PONG =
            Unpooled.unreleasableBuffer(Unpooled.wrappedBuffer(new byte[] {(byte) 0x8A, (byte) 0x80, 0, 0, 0, 0}));

    private final ArrayDeque<AnsweringSocket> pinged;
    private @Nullable Session session;

    /** @param pinged where it waits until {@link #answer} is called */
    AnsweringSocket(ArrayDeque<AnsweringSocket> pinged) {
        this.pinged = pinged;
    }

    void belongsTo(Session owner) {
        session = owner;
    }

    @Override
    public boolean write(ByteBuf bytes) {
        if (bytes.getUnsignedByte(bytes.readerIndex()) == PING) {
            pinged.add(this);
        }
        return super.write(bytes);
    }

    void answer() {
        if (session != null) {
            session.onBytes(PONG.duplicate());
        }
    }
}
