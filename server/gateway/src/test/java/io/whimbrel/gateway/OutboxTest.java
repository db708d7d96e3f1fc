package io.whimbrel.gateway;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.whimbrel.broker.Broker;
import io.whimbrel.broker.Outcome;
import io.whimbrel.model.Position;
import io.whimbrel.model.Topic;
import io.whimbrel.protocol.bare.BareCodec;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What an outbox does with clients that keep up and clients that do not; 1 KiB or 6 frames may wait. */
class OutboxTest {
    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
    private final MemoryBudget budget = new MemoryBudget(1 << 20);
    private final Loop loop = loop(budget);
    private final FakeSocket socket = new FakeSocket();
    private final Outbox outbox = new Outbox(socket, loop, this::onWritten);
    private final Subscribers prices = topic("prices");
    private final Subscribers chat = topic("chat");
    private final List<ByteBuf> made = new ArrayList<>();
    private final List<String> written = new ArrayList<>();

    private void onWritten(Batch batch, @Nullable Subscribers topic) {
        written.add(batch.bytes().toString(ISO_8859_1) + (topic == null ? "" : " of " + topic.topic()));
    }

    private Loop loop(MemoryBudget withBudget) {
        var limits = new GatewaySettings.Limits(1, 1, 1024, 6, 1 << 20, 1 << 20, 1);
        return new Loop(
                channel.eventLoop(),
                GatewaySettings.defaults().withLimits(limits),
                new Subscriptions(new FakeBroker(Broker.Listener.NONE)),
                new BareCodec(),
                new GatewayMetrics(metrics),
                withBudget,
                TestGateway.trackers(),
                TestGateway.deliveries(),
                () -> 1);
    }

    @AfterEach
    void nothingIsLeftBehind() {
        outbox.discard();

        assertThat(budget.takenBytes()).isZero();
        assertThat(made).allMatch(bytes -> bytes.refCnt() == 0);
        channel.finishAndReleaseAll();
    }

    @Test
    void aClientThatKeepsUpGetsEveryTickAtOnce() {
        outbox.open();

        offer(OutboxRule.DISCONNECT, prices, "a");
        offer(OutboxRule.DISCONNECT, prices, "b");

        assertThat(socket.writes).containsExactly("a", "b");
        assertThat(budget.takenBytes()).isZero();
    }

    @Test
    void itSaysWhatTheSocketTookAndWhen() {
        outbox.open();
        offer(OutboxRule.DISCONNECT, prices, "a");
        assertThat(written).containsExactly("a of prices");

        socket.fill();
        offer(OutboxRule.DISCONNECT, prices, "b");
        offer(OutboxRule.LATEST, chat, "c");
        offer(OutboxRule.LATEST, chat, "d");
        assertThat(written).containsExactly("a of prices");

        socket.drain(outbox);
        assertThat(written).containsExactly("a of prices", "b of prices", "d of chat");
    }

    @Test
    void whatTheSocketTookInPartIsSaidOfItsTopicWhenTheConnectionIsGone() {
        List<String> reached = new ArrayList<>();
        Outbox broken = new Outbox(socket, loop, new Outbox.Owner() {
            @Override
            public void onWritten(Batch batch, @Nullable Subscribers topic) {}

            @Override
            public void onReached(Position position, Subscribers topic) {
                reached.add(position.offset() + " of " + topic.topic());
            }
        });
        broken.open();
        Batch batch = batch(OutboxRule.DISCONNECT);
        for (int i = 1; i <= 3; i++) {
            batch.nextFrame().writeBytes(new byte[] {(byte) 0x81, 1, 'x'});
            batch.reaches(new Position("e", i));
        }
        socket.fill();
        broken.offer(batch, prices);
        batch.end();

        socket.take(7); // two frames, and a byte of the third
        broken.discard();

        assertThat(reached).containsExactly("2 of prices");
    }

    @Test
    void nothingIsSentBeforeTheHandshakeIsAnswered() {
        offer(OutboxRule.DISCONNECT, prices, "a");
        offer(OutboxRule.DISCONNECT, prices, "b");
        assertThat(socket.writes).isEmpty();

        outbox.open();

        assertThat(socket.writes).containsExactly("ab");
    }

    @Test
    void framesOfSeveralTopicsInOneTickAreWrittenOnce() {
        outbox.open();
        Batch one = batch(OutboxRule.DISCONNECT, "a");
        Batch two = batch(OutboxRule.DISCONNECT, "b", "c");

        outbox.offerForTick(one, prices);
        outbox.offerForTick(two, chat);
        assertThat(socket.writes).isEmpty();
        outbox.flush();
        one.end();
        two.end();

        assertThat(socket.writes).containsExactly("abc");
    }

    @Test
    void oneTopicInATickOfManyCostsNoCopy() {
        outbox.open();
        Batch one = batch(OutboxRule.DISCONNECT, "a");

        outbox.offerForTick(one, prices);
        outbox.flush();

        assertThat(socket.writes).containsExactly("a");
        assertThat(one.bytes().refCnt()).isEqualTo(1);
        one.end();
    }

    @Test
    void whatWaitsIsSentInOrderWhenThereIsRoom() {
        block();

        offer(OutboxRule.DISCONNECT, prices, "a");
        offer(OutboxRule.DISCONNECT, chat, "b");
        outbox.control(Batch.ofControlFrame(Unpooled.copiedBuffer("p", ISO_8859_1)));
        socket.drain(outbox);

        assertThat(socket.writes).containsExactly("first", "abp");
    }

    @ParameterizedTest
    @EnumSource(OutboxRule.class)
    void noMoreFramesWaitThanMay(OutboxRule rule) {
        block();
        List<Boolean> taken = new ArrayList<>();

        for (String frame : List.of("1", "2", "3", "4", "5", "6", "7", "8")) {
            taken.add(offer(rule, prices, frame));
        }
        socket.drain(outbox);

        String sent = socket.writes.getLast();
        switch (rule) {
            case DISCONNECT -> {
                assertThat(taken).containsExactly(true, true, true, true, true, true, false, false);
                assertThat(sent).isEqualTo("123456");
            }
            case DROP_OLDEST -> {
                assertThat(taken).doesNotContain(false);
                assertThat(sent).isEqualTo("345678");
                assertThat(dropped()).isEqualTo(2);
            }
            case LATEST -> {
                assertThat(taken).doesNotContain(false);
                assertThat(sent).isEqualTo("8");
                assertThat(dropped()).isEqualTo(7);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = OutboxRule.class,
            names = {"DISCONNECT", "DROP_OLDEST"})
    void noMoreBytesWaitThanMay(OutboxRule rule) {
        block();
        offer(rule, prices, "a".repeat(600));

        boolean taken = offer(rule, prices, "b".repeat(600));
        socket.drain(outbox);

        assertThat(taken).isEqualTo(rule == OutboxRule.DROP_OLDEST);
        assertThat(socket.writes.getLast()).isEqualTo((taken ? "b" : "a").repeat(600));
    }

    @Test
    void ofATickOfManyOnlyTheNewestIsKept() {
        block();

        offer(OutboxRule.LATEST, prices, "1", "2", "3");
        offer(OutboxRule.LATEST, chat, "x");
        offer(OutboxRule.LATEST, prices, "4", "5");
        socket.drain(outbox);

        assertThat(socket.writes.getLast()).isEqualTo("x5");
        assertThat(dropped()).isEqualTo(4);
    }

    @Test
    void whoKeepsUpMissesNothingOfATopicOfLatest() {
        outbox.open();

        offer(OutboxRule.LATEST, prices, "1", "2", "3");

        assertThat(socket.writes).containsExactly("123");
    }

    @Test
    void aRuleDropsNoFramesOfOtherTopics() {
        block();
        for (int i = 0; i < 5; i++) {
            offer(OutboxRule.DISCONNECT, chat, Integer.toString(i));
        }

        offer(OutboxRule.DROP_OLDEST, prices, "a");
        offer(OutboxRule.DROP_OLDEST, prices, "b");
        socket.drain(outbox);

        assertThat(socket.writes.getLast()).isEqualTo("01234b");
    }

    @Test
    void nothingMoreIsKeptWhenTheBudgetOfAllIsSpent() {
        block();
        offer(OutboxRule.DISCONNECT, prices, "a");
        budget.take(1 << 20);

        boolean taken = offer(OutboxRule.DISCONNECT, prices, "b");
        budget.giveBack(1 << 20);

        assertThat(taken).isFalse();
    }

    @Test
    void whatManyHoldCountsOnce() {
        block();
        Outbox other = new Outbox(new FakeSocket(), loop, (_, _) -> {});
        Batch shared = batch(OutboxRule.DISCONNECT, "x".repeat(500));
        long before = budget.takenBytes();

        outbox.offer(shared, prices);
        other.offer(shared, prices);
        shared.end();

        assertThat(budget.takenBytes() - before)
                .isEqualTo(shared.bytes().capacity())
                .isLessThan(1000);
        outbox.clear(Outcome.CUT);
        assertThat(shared.bytes().refCnt()).isEqualTo(1);
        other.discard();
    }

    @Test
    void theEndComesBehindWhatWaits() {
        block();
        offer(OutboxRule.DISCONNECT, prices, "a");

        outbox.close();
        assertThat(socket.ends).isEmpty();
        socket.drain(outbox);

        assertThat(socket.writes).containsExactly("first", "a");
        assertThat(socket.ends).containsExactly("close");
    }

    /** The socket has begun to send something and has no room. */
    private void block() {
        outbox.open();
        socket.fill();
        offer(OutboxRule.DISCONNECT, prices, "first");
    }

    private boolean offer(OutboxRule rule, Subscribers topic, String... frames) {
        Batch batch = batch(rule, frames);
        boolean taken = outbox.offer(batch, topic);
        batch.end();
        return taken;
    }

    private Batch batch(OutboxRule rule, String... frames) {
        ByteBuf bytes = Unpooled.buffer();
        made.add(bytes);
        Batch batch = new Batch(bytes, rule);
        for (String frame : frames) {
            batch.nextFrame().writeCharSequence(frame, ISO_8859_1);
        }
        return batch;
    }

    private double dropped() {
        return metrics.get("whimbrel.gateway.outbox.dropped").functionCounter().count();
    }

    private static Subscribers topic(String name) {
        return new Subscribers(new Topic(name), OutboxRule.DISCONNECT, CompletableFuture.completedStage(null), null);
    }
}
