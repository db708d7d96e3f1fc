package io.whimbrel.gateway;

import io.whimbrel.model.Address;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * One publication from the inbox of an event loop to the sockets of all its subscribers: a tick of one frame. What is
 * not measured is the system call. Divided by {@code sessions} it is what one delivery costs.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class FanOutBenchmark {
    @Param({"1", "100", "10000"})
    int sessions;

    private final Bench bench = new Bench();
    private final Topic topic = Topic.of(Address.random());
    private final Publication publication = Bench.publication(topic, 128);

    @Setup
    public void connect() {
        for (int i = 0; i < sessions; i++) {
            bench.open(new MemorySocket(), List.of(topic));
        }
    }

    @Benchmark
    public void tick() {
        bench.offer(publication);
        bench.tick();
    }
}
