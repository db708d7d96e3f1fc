package io.whimbrel.gateway;

import io.netty.buffer.ByteBuf;

/** A client that reads everything at once, without a connection below: what is written is counted and gone. */
class MemorySocket implements Socket {
    private long takenBytes;

    /** What was written so far. */
    final long takenBytes() {
        return takenBytes;
    }

    @Override
    public boolean write(ByteBuf bytes) {
        takenBytes += bytes.readableBytes();
        return true;
    }

    @Override
    public long pendingBytes() {
        return 0;
    }

    @Override
    public int unsentBytes() {
        return 0;
    }

    @Override
    public String name() {
        return "memory";
    }

    @Override
    public void pauseReading() {}

    @Override
    public void resumeReading() {}

    @Override
    public void finish() {}

    @Override
    public void closeWhenSent() {}

    @Override
    public void abort() {}
}
