package io.whimbrel.gateway;

import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * The bounded queue of frames that one session still has to be sent. The bytes wait in the socket's own queue; only
 * before the handshake is answered they wait here, since nothing may be sent earlier. Used on the session's event loop.
 */
final class Outbox {
    private final Socket socket;
    private final int maxBytes;
    /** Frames from before the session opened; null from then on. */
    private @Nullable ArrayDeque<ByteBuf> early = new ArrayDeque<>(0);

    private int earlyBytes;

    Outbox(Socket socket, int maxBytes) {
        this.socket = socket;
        this.maxBytes = maxBytes;
    }

    /** Takes the bytes, or releases them and answers false when the session would have more waiting than it may. */
    boolean offer(ByteBuf bytes) {
        long waiting = early == null ? socket.pendingBytes() : earlyBytes;
        if (waiting + bytes.readableBytes() > maxBytes) {
            bytes.release();
            return false;
        }
        if (early == null) {
            socket.write(bytes);
        } else {
            early.add(bytes);
            earlyBytes += bytes.readableBytes();
        }
        return true;
    }

    /** Hands over what came before the session was open. */
    void open() {
        ArrayDeque<ByteBuf> frames = early;
        early = null;
        if (frames != null) {
            frames.forEach(socket::write);
        }
    }

    /** Releases what was never sent. */
    void discard() {
        ArrayDeque<ByteBuf> frames = early;
        early = null;
        if (frames != null) {
            frames.forEach(ByteBuf::release);
        }
    }
}
