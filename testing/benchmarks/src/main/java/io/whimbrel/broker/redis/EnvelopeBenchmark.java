package io.whimbrel.broker.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.whimbrel.model.Address;
import io.whimbrel.model.Publication;
import io.whimbrel.model.PublicationId;
import io.whimbrel.model.Topic;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** A publication of 128 bytes to the form it has in Redis, and back. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class EnvelopeBenchmark {
    private final Topic topic = Topic.of(Address.random());
    private final Publication publication = new Publication(
            PublicationId.next(1_795_000_000_000L),
            topic,
            1_795_000_000_000L,
            Address.random(),
            ('"' + "x".repeat(126) + '"').getBytes(UTF_8));
    private final byte[] message = Envelope.encode(publication);

    @Benchmark
    public byte[] encode() {
        return Envelope.encode(publication);
    }

    @Benchmark
    public @Nullable Publication decode() {
        return Envelope.decode(topic, message);
    }
}
