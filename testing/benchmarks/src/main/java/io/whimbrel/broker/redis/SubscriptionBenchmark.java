package io.whimbrel.broker.redis;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.whimbrel.model.Address;
import io.whimbrel.model.Publication;
import io.whimbrel.model.PublicationId;
import io.whimbrel.model.Topic;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Publications as Redis sends them, through the broker's connection to its listener: reading the socket, RESP, the
 * envelope. A thousand at a time, as under load; figures are per publication and hold the sender's system calls, too.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class SubscriptionBenchmark {
    private static final int PUBLICATIONS = 1_000;
    private static final long TIMEOUT_SECONDS = 10;

    private final TappedRedis redis = new TappedRedis();
    private final Semaphore received = new Semaphore(0);
    private final Topic topic = Topic.of(Address.random());
    private final RedisBroker broker = RedisBroker.connect(RedisSettings.of(redis.uri()), _ -> received.release());
    private final byte[] messages = messages();

    private byte[] messages() {
        String payload = '"' + "x".repeat(126) + '"';
        String channel = RedisSettings.DEFAULT_KEY_PREFIX + ":{" + topic.name() + '}';
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int i = 0; i < PUBLICATIONS; i++) {
            byte[] message = Envelope.encode(new Publication(
                    PublicationId.next(1_795_000_000_000L),
                    topic,
                    1_795_000_000_000L,
                    Address.random(),
                    payload.getBytes(UTF_8)));
            out.writeBytes(">3\r\n$7\r\nmessage\r\n$%d\r\n%s\r\n$%d\r\n"
                    .formatted(channel.length(), channel, message.length)
                    .getBytes(US_ASCII));
            out.writeBytes(message);
            out.write('\r');
            out.write('\n');
        }
        return out.toByteArray();
    }

    @Setup
    public void subscribe() throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(TIMEOUT_SECONDS);
        while (broker.outage().isPresent()) {
            if (System.nanoTime() > deadline) {
                throw new IllegalStateException(
                        "the broker does not connect: " + broker.outage().get());
            }
            Thread.onSpinWait();
        }
        broker.subscribe(topic).toCompletableFuture().get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    }

    @TearDown
    public void close() throws IOException {
        broker.close();
        redis.close();
    }

    @Benchmark
    @OperationsPerInvocation(PUBLICATIONS)
    public void receive() throws IOException, InterruptedException {
        redis.send(messages);
        if (!received.tryAcquire(PUBLICATIONS, TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
            throw new IllegalStateException(
                    "only %d of %d publications arrived".formatted(received.availablePermits(), PUBLICATIONS));
        }
    }
}
