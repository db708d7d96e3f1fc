package io.whimbrel.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.whimbrel.model.Disconnect;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** What clients send, read from one buffer as it comes from a socket: the answer to a ping, and messages. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class FrameReaderBenchmark {
    private static final int TEXT = 0x81;
    private static final int PONG = 0x8A;
    private static final int KEY = 0x12345678;

    private final Counter counter = new Counter();
    private final FrameReader reader = new FrameReader(counter, 64 * 1024, false);
    private final ByteBuf pong = frame(PONG, 0);
    private final ByteBuf text = frame(TEXT, 100);
    private final ByteBuf longText = frame(TEXT, 16 * 1024);
    /** Ends inside the header, so that the reader has to keep its beginning. */
    private final ByteBuf firstPart = text.copy(0, 3);

    private final ByteBuf secondPart = text.copy(3, text.readableBytes() - 3);

    @TearDown
    public void release() {
        reader.close();
        pong.release();
        text.release();
        longText.release();
        firstPart.release();
        secondPart.release();
    }

    @Benchmark
    public long pong() {
        return read(pong);
    }

    @Benchmark
    public long text100Bytes() {
        return read(text);
    }

    @Benchmark
    public long text16KiB() {
        return read(longText);
    }

    @Benchmark
    public long textInTwoParts() {
        read(firstPart);
        return read(secondPart);
    }

    /** The reader changes the bytes in place, which does not matter, and releases them. */
    private long read(ByteBuf bytes) {
        bytes.readerIndex(0);
        reader.read(bytes.retain());
        return counter.events;
    }

    private static ByteBuf frame(int firstByte, int length) {
        ByteBuf out = ByteBufAllocator.DEFAULT.directBuffer(length + 14).writeByte(firstByte);
        if (length < 126) {
            out.writeByte(0x80 | length);
        } else {
            out.writeByte(0x80 | 126).writeShort(length);
        }
        return out.writeInt(KEY).writeBytes(Unpooled.wrappedBuffer(new byte[length]));
    }

    private static final class Counter implements FrameReader.Sink {
        private long events;

        @Override
        public void onData(ByteBuf piece, boolean text, boolean compressed, boolean first, boolean last) {
            events++;
        }

        @Override
        public void onPing(ByteBuf payload) {
            events++;
        }

        @Override
        public void onPong() {
            events++;
        }

        @Override
        public void onClose(ByteBuf payload) {
            throw new IllegalStateException("nobody sent a Close frame");
        }

        @Override
        public void onViolation(Disconnect reason) {
            throw new IllegalStateException("the frames were right, but the reader says " + reason);
        }
    }
}
