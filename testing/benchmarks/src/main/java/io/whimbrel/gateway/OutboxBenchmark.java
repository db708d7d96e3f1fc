package io.whimbrel.gateway;

import io.whimbrel.broker.Outcome;
import io.whimbrel.model.Topic;
import java.util.concurrent.CompletableFuture;
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

/**
 * A batch of one frame, made and offered to one session's outbox. {@code quick} hands it to the socket; {@code stalled}
 * belongs to a client that stopped reading long ago, whose outbox is full, so that the rule of the topic decides.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class OutboxBenchmark {
    private static final int FRAME_BYTES = 256;

    @Param
    OutboxRule rule = OutboxRule.DISCONNECT;

    private final Loop loop = new Bench().loop();
    private final Outbox quick = new Outbox(new MemorySocket(), loop, (_, _) -> {});
    private final Outbox stalled = new Outbox(new StalledSocket(), loop, (_, _) -> {});
    private Subscribers topic = subscribers(OutboxRule.DISCONNECT);

    private static Subscribers subscribers(OutboxRule rule) {
        return new Subscribers(new Topic("prices.eur"), rule, CompletableFuture.completedStage(null), null);
    }

    @Setup
    public void fill() {
        topic = subscribers(rule);
        quick.open();
        stalled.open();
        offer(stalled); // the socket begins with this one and never ends
        int frames = loop.limits().outboxMaxFrames();
        for (int i = 0; i < frames; i++) {
            offer(stalled);
        }
    }

    @TearDown
    public void discard() {
        quick.discard();
        stalled.discard();
    }

    @Benchmark
    public boolean quick() {
        return offer(quick);
    }

    @Benchmark
    public boolean stalled() {
        boolean taken = offer(stalled);
        if (!taken) {
            stalled.clear(Outcome.CUT); // where the session would be closed; now it fills again
        }
        return taken;
    }

    private boolean offer(Outbox outbox) {
        Batch batch = new Batch(loop.allocate(FRAME_BYTES), rule);
        batch.nextFrame().writeZero(FRAME_BYTES);
        boolean taken = outbox.offer(batch, topic);
        batch.end();
        return taken;
    }
}
