package io.whimbrel.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.whimbrel.model.Address;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import io.whimbrel.protocol.Codec;
import io.whimbrel.protocol.bare.BareCodec;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** A publication becomes one frame, header and JSON, in a buffer that is there; done once for all subscribers of a topic. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class FrameEncodeBenchmark {
    @Param({"128", "4096"})
    int payloadBytes;

    private final Codec codec = new BareCodec();
    private final Loop loop = new Bench().loop();
    private final ByteBuf out = ByteBufAllocator.DEFAULT.directBuffer(16 * 1024);
    private Publication toAddress = Bench.publication(Topic.of(Address.random()), 128);
    private Publication toTopic = toAddress;

    @Setup
    public void prepare() {
        toAddress = Bench.publication(Topic.of(Address.random()), payloadBytes);
        toTopic = Bench.publication(new Topic("prices.eur"), payloadBytes);
    }

    @TearDown
    public void release() {
        out.release();
    }

    @Benchmark
    public int address() {
        return encode(toAddress);
    }

    @Benchmark
    public int namedTopic() {
        return encode(toTopic);
    }

    @Benchmark
    public int compressed() {
        out.clear();
        return loop.appendFrame(toAddress, out, true);
    }

    private int encode(Publication publication) {
        out.clear();
        int length = codec.encodedLength(publication);
        Frames.writeTextHeader(out, length, false);
        codec.encode(publication, loop.sinkTo(out));
        return out.writerIndex();
    }
}
