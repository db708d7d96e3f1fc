package io.whimbrel.gateway;

import io.whimbrel.model.Address;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** A tick that found forty publications waiting; figures are per publication. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class TickAssemblyBenchmark {
    private static final int PUBLICATIONS = 40;

    /** What the publications have in common. */
    public enum Shape {
        /** One topic with one subscriber: frames are laid end to end. */
        ONE_TOPIC,
        /** One topic with a thousand subscribers. */
        ONE_TOPIC_1000_SESSIONS,
        /** Forty topics with one subscriber each: unicast. */
        MANY_TOPICS,
        /** Forty topics, all of the same session: gathered for one write. */
        MANY_TOPICS_ONE_SESSION
    }

    @Param
    Shape shape = Shape.ONE_TOPIC;

    private final Bench bench = new Bench();
    private final List<Publication> publications = new ArrayList<>();

    @Setup
    public void connect() {
        List<Topic> topics = switch (shape) {
            case ONE_TOPIC, ONE_TOPIC_1000_SESSIONS -> Collections.nCopies(PUBLICATIONS, Topic.of(Address.random()));
            case MANY_TOPICS -> Bench.addresses(PUBLICATIONS);
            case MANY_TOPICS_ONE_SESSION -> named(PUBLICATIONS);
        };
        switch (shape) {
            case ONE_TOPIC -> bench.open(new MemorySocket(), topics.subList(0, 1));
            case ONE_TOPIC_1000_SESSIONS -> {
                for (int i = 0; i < 1_000; i++) {
                    bench.open(new MemorySocket(), topics.subList(0, 1));
                }
            }
            case MANY_TOPICS -> {
                for (Topic topic : topics) {
                    bench.open(new MemorySocket(), List.of(topic));
                }
            }
            case MANY_TOPICS_ONE_SESSION -> bench.open(new MemorySocket(), topics);
        }
        for (Topic topic : topics) {
            publications.add(Bench.publication(topic, 128));
        }
    }

    private static List<Topic> named(int count) {
        List<Topic> topics = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            topics.add(new Topic("rooms." + i));
        }
        return topics;
    }

    @Benchmark
    @OperationsPerInvocation(PUBLICATIONS)
    public void tick() {
        for (Publication publication : publications) {
            bench.offer(publication);
        }
        bench.tick();
    }
}
