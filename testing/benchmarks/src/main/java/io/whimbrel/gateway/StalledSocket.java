package io.whimbrel.gateway;

import io.netty.buffer.ByteBuf;

/** A client that has stopped reading: the first write stays where it is, as in a full socket buffer. */
final class StalledSocket extends MemorySocket {
    private long pendingBytes;

    @Override
    public boolean write(ByteBuf bytes) {
        pendingBytes += bytes.readableBytes();
        return false;
    }

    @Override
    public long pendingBytes() {
        return pendingBytes;
    }
}
