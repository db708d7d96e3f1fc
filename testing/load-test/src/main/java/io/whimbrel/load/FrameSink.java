package io.whimbrel.load;

import io.netty.buffer.ByteBuf;

/** Who hears what a {@link FrameReader} finds. */
interface FrameSink {
    /** A message with our stamp is complete. */
    void onMessage(long dueNanos, int number);

    /** A message without our stamp is complete; it is somebody else's. */
    void onForeignMessage();

    /** The payload lies in {@code bytes} for the time of the call. */
    void onPing(ByteBuf bytes, int at, int length);

    /** The server says goodbye; 1005 where the frame has no code. */
    void onClose(int code);

    /** The bytes are no WebSocket frames; nothing more will be read. */
    void onViolation(String what);
}
