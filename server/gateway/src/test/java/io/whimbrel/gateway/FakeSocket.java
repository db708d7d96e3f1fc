package io.whimbrel.gateway;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;

/** A socket whose room is in the hands of the test. Once full it keeps what is written until {@link #drain}. */
final class FakeSocket implements Socket {
    final List<String> writes = new ArrayList<>();
    final List<String> ends = new ArrayList<>();
    private boolean full;
    private long pendingBytes;

    /** From the next write on there is no room. */
    void fill() {
        full = true;
    }

    /** So many bytes of what it keeps are sent. */
    void take(int bytes) {
        pendingBytes -= bytes;
    }

    /** Everything is sent and there is room. */
    void drain(Outbox outbox) {
        full = false;
        pendingBytes = 0;
        outbox.onWritable();
    }

    @Override
    public boolean write(ByteBuf bytes) {
        writes.add(bytes.toString(ISO_8859_1));
        pendingBytes += full ? bytes.readableBytes() : 0;
        return !full;
    }

    @Override
    public String name() {
        return "fake";
    }

    @Override
    public long pendingBytes() {
        return pendingBytes;
    }

    @Override
    public int unsentBytes() {
        return (int) pendingBytes;
    }

    @Override
    public void pauseReading() {}

    @Override
    public void resumeReading() {}

    @Override
    public void finish() {
        ends.add("finish");
    }

    @Override
    public void closeWhenSent() {
        ends.add("close");
    }

    @Override
    public void abort() {
        ends.add("abort");
    }
}
