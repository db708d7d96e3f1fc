package io.whimbrel.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.whimbrel.broker.Traces.Leg;
import io.whimbrel.model.Topic;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;

class HopWriterTest {
    private static final Topic BIRDS = new Topic("birds");

    private final BrokerCounters counters = new BrokerCounters();
    private final HeldTraces traces = new HeldTraces();
    private final Queue<Runnable> turns = new ConcurrentLinkedQueue<>();
    private final HopWriter writer =
            new HopWriter(traces, counters, () -> "node", () -> Instant.ofEpochMilli(7), turns::add);

    @Test
    void whatComesWithinATurnIsWrittenTogether() {
        writer.write(leg("1"));
        writer.write(leg("2"));
        assertThat(traces.calls).isEmpty();

        turn();

        assertThat(traces.calls).containsExactly(List.of("1", "2"));
        assertThat(counters.hopsWritten.sum()).isZero();
        traces.answers.remove().complete(null);
        assertThat(counters.hopsWritten.sum()).isEqualTo(2);
    }

    @Test
    void whatComesWhileTheBrokerIsBusyGoesWithTheNext() {
        writer.write(leg("1"));
        turn();
        writer.write(leg("2"));
        writer.write(leg("3"));
        assertThat(turns).isEmpty();

        traces.answers.remove().complete(null);
        turn();

        assertThat(traces.calls).containsExactly(List.of("1"), List.of("2", "3"));
        traces.answers.remove().complete(null);
        turn();
        writer.write(leg("4"));
        turn();
        assertThat(traces.calls).hasSize(3);
    }

    @Test
    void whatTheBrokerDidNotTakeIsTriedAgainInOrder() {
        writer.write(leg("1"));
        writer.write(leg("2"));
        turn();
        writer.write(leg("3"));

        traces.answers.remove().completeExceptionally(new BrokerUnavailableException("away"));
        await().atMost(Duration.ofSeconds(10)).until(() -> !turns.isEmpty());
        turn();

        assertThat(traces.calls).containsExactly(List.of("1", "2"), List.of("1", "2", "3"));
        assertThat(counters.hopsDropped.sum()).isZero();
    }

    @Test
    void whereTooMuchWaitsTheNewestIsDroppedAndCounted() {
        for (int i = 0; i < HopWriter.MOST_WAITING + 5; i++) {
            writer.write(leg("" + i));
        }

        assertThat(counters.hopsDropped.sum()).isEqualTo(5);
        turn();
        assertThat(traces.calls.getFirst()).startsWith("0", "1");
    }

    private Leg leg(String id) {
        return new Leg(id, BIRDS, null, null, false, List.of(writer.hop(writer.nowMicros(), Outcome.RECEIVED, "")));
    }

    private void turn() {
        turns.remove().run();
    }

    private static final class HeldTraces implements Traces {
        final List<List<String>> calls = new ArrayList<>();
        final ArrayDeque<CompletableFuture<Void>> answers = new ArrayDeque<>();

        @Override
        public CompletionStage<Void> append(Collection<Leg> legs) {
            calls.add(legs.stream().map(Leg::id).toList());
            answers.add(new CompletableFuture<>());
            return answers.getLast();
        }

        @Override
        public CompletionStage<Optional<Trace>> find(String id) {
            throw new UnsupportedOperationException("nobody reads here");
        }

        @Override
        public CompletionStage<List<String>> recent(Topic topic) {
            throw new UnsupportedOperationException("nobody reads here");
        }
    }
}
