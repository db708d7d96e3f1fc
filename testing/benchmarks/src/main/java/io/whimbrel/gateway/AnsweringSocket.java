package io.whimbrel.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/** A client without a connection that answers pings, a moment later as over a network. Used on its event loop. */
final class AnsweringSocket extends MemorySocket {
    private static final int PING = 0x89;
    private static final int TEXT = 0x81;
    private static final ByteBuf PONG =
            Unpooled.unreleasableBuffer(Unpooled.wrappedBuffer(new byte[] {(byte) 0x8A, (byte) 0x80, 0, 0, 0, 0}));

    private final ArrayDeque<AnsweringSocket> pinged;
    private final Runnable onPublication;
    private @Nullable Session session;

    /**
     * @param pinged where it waits until {@link #answer} is called
     * @param onPublication told of each write of publications
     */
    AnsweringSocket(ArrayDeque<AnsweringSocket> pinged, Runnable onPublication) {
        this.pinged = pinged;
        this.onPublication = onPublication;
    }

    void belongsTo(Session owner) {
        session = owner;
    }

    @Override
    public boolean write(ByteBuf bytes) {
        switch (bytes.getUnsignedByte(bytes.readerIndex())) {
            case PING -> pinged.add(this);
            case TEXT -> onPublication.run();
            default -> {} // a Close, which the count of sessions tells
        }
        return super.write(bytes);
    }

    void answer() {
        if (session != null) {
            session.onBytes(PONG.duplicate());
        }
    }
}
