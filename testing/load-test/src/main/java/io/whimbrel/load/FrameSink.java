package io.whimbrel.load;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** Who hears what a {@link FrameReader} finds. */
interface FrameSink {
    /**
     * A message with our stamp is complete.
     *
     * @param position null where the frame has none, or none is wanted
     */
    void onMessage(long dueNanos, int number, @Nullable Position position);

    /** A message without our stamp is complete; it is somebody else's. */
    void onForeignMessage(@Nullable Position position);

    /** Not all that was missed is kept; what comes next is what comes after this position. */
    void onNotRecovered(Position position);

    /** The payload lies in {@code bytes} for the time of the call. */
    void onPing(ByteBuf bytes, int at, int length);

    /** The server says goodbye; 1005 where the frame has no code. */
    void onClose(int code);

    /** The bytes are no WebSocket frames; nothing more will be read. */
    void onViolation(String what);
}
