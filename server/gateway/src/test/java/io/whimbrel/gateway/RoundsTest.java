package io.whimbrel.gateway;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.channel.embedded.EmbeddedChannel;
import io.whimbrel.broker.Broker;
import io.whimbrel.model.Position;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import io.whimbrel.protocol.ByteSink;
import io.whimbrel.protocol.Codec;
import io.whimbrel.protocol.Command;
import io.whimbrel.protocol.bare.BareCodec;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How the subscribers of a topic have their turns while publications come, and sessions come and go. */
class RoundsTest {
    private static final Pattern NUMBER = Pattern.compile("\\{\"message\":(\\d+),");
    private static final Topic TOPIC = new Topic("rounds");

    private final EmbeddedChannel channel = new EmbeddedChannel();
    /** Of the loop that was made last. */
    private SimpleMeterRegistry metrics = new SimpleMeterRegistry();

    private final MemoryBudget budget = new MemoryBudget(1 << 26);
    private final Loop loop = loop(new BareCodec(), GatewaySettings.defaults());
    private final List<Listener> listeners = new ArrayList<>();
    private int published;

    /** A session, and which publications it has to get: all from the one that came first after it. */
    private record Listener(Session session, FakeSocket socket, int from) {
        List<Integer> numbers() {
            List<Integer> numbers = new ArrayList<>();
            for (String write : socket.writes) {
                for (Matcher found = NUMBER.matcher(write); found.find(); ) {
                    numbers.add(Integer.parseInt(found.group(1)));
                }
            }
            return numbers;
        }
    }

    private Loop loop(Codec codec, GatewaySettings settings) {
        metrics = new SimpleMeterRegistry();
        return new Loop(
                channel.eventLoop(),
                settings,
                new Subscriptions(new FakeBroker(Broker.Listener.NONE)),
                codec,
                new GatewayMetrics(metrics),
                budget,
                TestGateway.trackers(),
                TestGateway.deliveries(),
                () -> 1);
    }

    @AfterEach
    void finish() {
        channel.finishAndReleaseAll();
    }

    @Test
    void whatComesDuringARoundIsWrittenTogetherWithTheRestToWhomItFindsWaiting() {
        connect(3);

        publish(2);
        loop.hub().deliver(1, 1);
        publish(1);
        loop.hub().deliver(9, 9);

        assertThat(numbersPerWrite()).containsExactly(List.of(2L, 1L), List.of(3L), List.of(3L));
        assertThat(loop.isIdle()).isTrue();
    }

    @Test
    void aLargeTopicDoesNotKeepASmallOneWaiting() {
        connect(Loop.TICK_MAX_SESSIONS_OF_BUSY_TOPIC + 1);
        Topic small = new Topic("small");
        Listener alone = connect(small);

        publish(1);
        loop.hub().append(new Publication("s", small, 7, null, "0".getBytes(UTF_8)));
        loop.hub().deliver(Loop.TICK_MAX_SESSIONS, Loop.TICK_MAX_SESSIONS_OF_BUSY_TOPIC);

        assertThat(alone.numbers()).containsExactly(0);
        assertThat(loop.hub().isDelivering()).as("the rest of the large one").isTrue();
    }

    @Test
    void aRoundThatTakesSeveralTicksGoesOnByItself() {
        connect(2 * Loop.TICK_MAX_SESSIONS + 1);

        boolean wake = loop.offer(publication());
        loop.wake();
        while (!loop.isIdle()) {
            channel.runPendingTasks();
        }

        assertThat(wake).isTrue();
        assertThat(listeners)
                .allSatisfy(listener -> assertThat(listener.numbers()).containsExactly(1));
    }

    @Test
    void whenTheLastOneLeavesNothingIsLeftToDo() {
        connect(2);
        publish(1);
        loop.hub().deliver(1, 1);

        loop.hub().remove(listeners.get(0).session());
        loop.hub().remove(listeners.get(1).session());
        loop.tick();

        assertThat(loop.isIdle()).isTrue();
    }

    @Test
    void whoIsClosedAsSlowInTheMiddleOfARoundTakesNobodysTurn() {
        var limits = new GatewaySettings.Limits(1, 1, 1024, 6, 1 << 20, 1 << 20, 1);
        Loop strict = loop(new BareCodec(), GatewaySettings.defaults().withLimits(limits));
        for (int i = 0; i < 9; i++) {
            Listener listener = connect(strict, TOPIC);
            listeners.add(listener);
            if (i % 3 == 0) {
                listener.socket().fill();
            }
        }

        for (int i = 0; i < 20; i++) {
            strict.hub().append(publication());
            strict.hub().deliver(4, 4);
        }
        while (!strict.isIdle()) {
            strict.tick();
        }

        for (int i = 0; i < 9; i++) {
            List<Integer> numbers = listeners.get(i).numbers();
            if (i % 3 == 0) {
                assertThat(numbers).hasSizeLessThan(20);
            } else {
                assertThat(numbers).isEqualTo(numbersFrom(1, 20));
            }
        }
        assertThat(metrics.get("whimbrel.gateway.closes")
                        .tag("reason", "slow")
                        .functionCounter()
                        .count())
                .isEqualTo(3);
    }

    @Test
    void aTopicThatCannotBeDeliveredCostsItsOwnClientsTheirConnectionAndOthersNothing() {
        Loop failing = loop(new FailingCodec(TOPIC), GatewaySettings.defaults());
        Topic healthy = new Topic("healthy");
        Listener unlucky = connect(failing, TOPIC);
        Listener lucky = connect(failing, healthy);

        failing.offer(publication());
        failing.offer(new Publication("h", healthy, 7, null, "0".getBytes(UTF_8)));
        failing.tick();

        assertThat(lucky.numbers()).containsExactly(0);
        assertThat(unlucky.socket().writes).singleElement().asString().contains("internal server error, try again");
        assertThat(failing.isIdle()).isTrue();
    }

    /** Finds no memory for one topic. */
    private static final class FailingCodec implements Codec {
        private final Codec codec = new BareCodec();
        private final Topic failing;

        FailingCodec(Topic failing) {
            this.failing = failing;
        }

        @Override
        public int encodedLength(Publication publication) {
            return codec.encodedLength(publication);
        }

        @Override
        public void encode(Publication publication, ByteSink sink) {
            if (publication.topic().equals(failing)) {
                throw new OutOfMemoryError("as the test wants it");
            }
            codec.encode(publication, sink);
        }

        @Override
        public byte[] notRecovered(Position from) {
            return codec.notRecovered(from);
        }

        @Override
        public int maxCommandBytes() {
            return codec.maxCommandBytes();
        }

        @Override
        public Command decode(byte[] message) {
            return codec.decode(message);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void everybodyGetsEverythingInOrderWhoeverComesAndGoes(long seed) {
        Random random = new Random(seed);
        List<Listener> gone = new ArrayList<>();

        for (int step = 0; step < 3_000; step++) {
            switch (random.nextInt(6)) {
                case 0 -> connect(random.nextInt(3));
                case 1 -> {
                    if (!listeners.isEmpty()) {
                        Listener leaving = listeners.remove(random.nextInt(listeners.size()));
                        loop.hub().remove(leaving.session());
                        gone.add(leaving);
                    }
                }
                case 2, 3 -> publish(random.nextInt(3));
                default -> {
                    int most = 1 + random.nextInt(4);
                    loop.hub().deliver(most, most);
                }
            }
        }
        while (loop.hub().isDelivering()) {
            loop.hub().deliver(5, 5);
        }
        loop.tick(); // lets go of the frames

        assertThat(listeners)
                .allSatisfy(
                        listener -> assertThat(listener.numbers()).isEqualTo(numbersFrom(listener.from(), published)));
        assertThat(gone).allSatisfy(listener -> {
            List<Integer> numbers = listener.numbers();
            assertThat(numbers).isEqualTo(numbersFrom(listener.from(), listener.from() + numbers.size() - 1));
        });
        assertThat(budget.takenBytes()).isZero();
        assertThat(metrics.get("whimbrel.gateway.latency").timer().count()).isLessThanOrEqualTo(published);
    }

    private static List<Integer> numbersFrom(int first, int last) {
        List<Integer> numbers = new ArrayList<>();
        for (int number = first; number <= last; number++) {
            numbers.add(number);
        }
        return numbers;
    }

    /** For each listener, how many publications each write held. */
    private List<List<Long>> numbersPerWrite() {
        return listeners.stream()
                .map(listener -> listener.socket().writes.stream()
                        .map(write -> NUMBER.matcher(write).results().count())
                        .toList())
                .toList();
    }

    private void connect(int count) {
        for (int i = 0; i < count; i++) {
            listeners.add(connect(TOPIC));
        }
    }

    private Listener connect(Topic topic) {
        return connect(loop, topic);
    }

    private Listener connect(Loop on, Topic topic) {
        FakeSocket socket = new FakeSocket();
        Session session = new Session(on, socket, Session.End.NEVER, false, false);
        on.hub().subscribe(session, topic, null);
        session.open();
        return new Listener(session, socket, published + 1);
    }

    private void publish(int count) {
        for (int i = 0; i < count; i++) {
            loop.hub().append(publication());
        }
    }

    private Publication publication() {
        published++;
        return new Publication(
                "m" + published, TOPIC, 7, null, Integer.toString(published).getBytes(ISO_8859_1));
    }
}
