package io.whimbrel.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.whimbrel.broker.Broker;
import io.whimbrel.model.Address;
import io.whimbrel.model.Disconnect;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import io.whimbrel.protocol.bare.BareCodec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The tick and the heartbeat of one event loop, with the loop and the clock in the hands of the test. */
class LoopTest {
    private static final int TICK = 50;
    private static final Duration CLOSE = Duration.ofMinutes(2);

    private final AtomicLong clockMillis = new AtomicLong(1_000);
    private final EmbeddedChannel first = new EmbeddedChannel();
    private final EmbeddedChannel second = new EmbeddedChannel();
    private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
    private final FakeBroker broker = new FakeBroker(Broker.Listener.NONE);
    private final Subscriptions subscriptions = new Subscriptions(broker);
    /** On the event loop of the first channel, since embedded channels have one each. */
    private final Loop loop = new Loop(
            first.eventLoop(),
            GatewaySettings.defaults()
                    .withTiming(GatewaySettings.defaults().timing().withClose(CLOSE)),
            subscriptions,
            new BareCodec(),
            new GatewayMetrics(metrics),
            new MemoryBudget(1 << 26),
            TestGateway.trackers(),
            TestGateway.deliveries(),
            clockMillis::get);

    private final Topic topic = Topic.of(Address.random());

    @AfterEach
    void finish() {
        first.finishAndReleaseAll();
        second.finishAndReleaseAll();
    }

    @Test
    void framesOfOneTickAreLaidEndToEndAndWrittenOnce() {
        openSession(first, topic, Long.MAX_VALUE);
        openSession(second, topic, Long.MAX_VALUE);

        offer(publication(1));
        offer(publication(2));
        offer(publication(3));
        first.runPendingTasks();

        String frames = frame(1) + frame(2) + frame(3);
        assertThat(writesOf(first)).containsExactly(frames);
        assertThat(writesOf(second)).containsExactly(frames);
    }

    @Test
    void aPublicationWithoutCompanyDoesNotWait() {
        openSession(first, topic, Long.MAX_VALUE);

        offer(publication(1));
        first.runPendingTasks();
        offer(publication(2));
        first.runPendingTasks();

        assertThat(writesOf(first)).containsExactly(frame(1), frame(2));
    }

    @Test
    void aLargePileIsSplitSoThatTheLoopGetsToRead() {
        openSession(first, topic, Long.MAX_VALUE);
        int count = 2 * Loop.TICK_MAX_BYTES / 1_000;
        String payload = "\"" + "x".repeat(1_000) + "\"";

        for (int i = 0; i < count; i++) {
            offer(new Publication("m" + i, topic, 7, null, payload.getBytes(UTF_8)));
        }
        while (!loop.isIdle()) {
            first.runPendingTasks();
        }

        List<String> writes = writesOf(first);
        assertThat(writes).hasSize(3);
        assertThat(writes.getFirst()).contains("\"id\":\"m0\"");
        assertThat(writes.getLast()).endsWith("\"id\":\"m" + (count - 1) + "\",\"time\":7}");
    }

    @Test
    void whatTheInboxCannotHoldIsDroppedAndCounted() {
        openSession(first, topic, Long.MAX_VALUE);
        byte[] half = new byte[40 * 1024 * 1024];

        offer(new Publication("a", topic, 7, null, half));
        offer(new Publication("b", topic, 7, null, half));

        assertThat(metrics.get("whimbrel.gateway.inbox.overflows")
                        .functionCounter()
                        .count())
                .isEqualTo(1);
    }

    @Test
    void aSilentClientIsPingedWithin25SecondsAndClosed8SecondsLater() {
        openSession(first, topic, Long.MAX_VALUE);

        long pinged = advanceUntilWritten(25_000 + TICK);
        assertThat(writesOf(first)).containsExactly("\u0089\0");
        long closed = advanceUntilWritten(10_000);

        assertThat(pinged).isLessThanOrEqualTo(25_000 + TICK);
        assertThat(closed).isBetween(8_000L, 8_000L + TICK);
        assertThat(writesOf(first)).singleElement().asString().endsWith("no pong");
        assertThat(first.isOpen()).isTrue();
        advanceBy(CLOSE.toMillis() + TICK);
        assertThat(first.isOpen()).as("after the time to answer the Close").isFalse();
    }

    @Test
    void anyByteIsASignOfLifeAndPingsComeEvery25Seconds() {
        Session session = openSession(first, topic, Long.MAX_VALUE);
        advanceUntilWritten(25_000 + TICK);
        writesOf(first);

        for (int i = 0; i < 10; i++) {
            session.onBytes(Unpooled.copiedBuffer(ClientFrames.text("x")));
            long between = advanceUntilWritten(40_000);

            assertThat(between).isBetween(25_000L - TICK, 25_000L + TICK);
            assertThat(writesOf(first)).containsExactly("\u0089\0");
        }
    }

    @Test
    void aTokenThatEndsClosesItsConnectionAtItsTime() {
        openSession(first, topic, clockMillis.get() + 120_000);
        long end = clockMillis.get() + 120_000;

        while (clockMillis.get() < end - TICK) {
            advance(TICK);
            answerPings();
        }
        assertThat(first.isOpen()).isTrue();
        assertThat(writesOf(first)).isEmpty();
        advance(2 * TICK);

        assertThat(writesOf(first)).singleElement().asString().endsWith("connection expired");
    }

    @Test
    void aTopicThatCouldNotBeSubscribedIsTriedAnew() {
        Topic news = new Topic("news");
        Session session = openSession(first, topic, Long.MAX_VALUE);
        Session other = openSession(second, topic, Long.MAX_VALUE);

        broker.goAway();
        assertThat(loop.hub().subscribe(session, news, null).toCompletableFuture())
                .isCompletedExceptionally();
        loop.hub().remove(session);
        broker.comeBack();

        assertThat(loop.hub().subscribe(other, news, null).toCompletableFuture())
                .isCompleted();
        assertThat(broker.topics()).contains(news);
    }

    /** Longer than the wheel is round. */
    @Test
    void whoDoesNotSayGoodbyeIsGivenItsTime() {
        Session session = openSession(first, topic, Long.MAX_VALUE);

        session.close(Disconnect.EXPIRED);
        advanceBy(CLOSE.toMillis() - TICK);
        assertThat(first.isOpen()).isTrue();
        advanceBy(2 * TICK);

        assertThat(first.isOpen()).isFalse();
    }

    private void advanceBy(long millis) {
        for (long passed = 0; passed < millis; passed += TICK) {
            advance(TICK);
        }
    }

    @Test
    void aLoopThatWasStalledTwiceWasLateTwice() {
        Timer lag = metrics.get("whimbrel.gateway.event.loop.lag").timer();
        loop.start();

        for (int i = 0; i < 2; i++) {
            double before = lag.totalTime(TimeUnit.MILLISECONDS);
            double stalledMillis = stallFor(5 * TICK);

            assertThat(lag.totalTime(TimeUnit.MILLISECONDS) - before).isGreaterThan(stalledMillis - 2 * TICK);
        }
    }

    /** Answers how long it was, measured before the loop goes on: whatever comes between makes it only later. */
    private double stallFor(long millis) {
        long start = System.nanoTime();
        await().until(() -> System.nanoTime() - start >= TimeUnit.MILLISECONDS.toNanos(millis));
        double stalledMillis = (System.nanoTime() - start) / 1e6;
        first.runScheduledPendingTasks();
        return stalledMillis;
    }

    /** Steps of a busy loop come late, and must not take all the longer. */
    @Test
    void goodbyesAreSpreadByTheClock() {
        List<Session> sessions = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            Session session = new Session(loop, new FakeSocket(), Session.End.NEVER, false, false);
            session.open();
            sessions.add(session);
        }

        CompletableFuture<Void> drained = Drain.start(loop, 5_000);
        assertThat(sessions.stream().filter(Session::isOver)).hasSize(4);
        clockMillis.addAndGet(2_480); // one late step
        first.advanceTimeBy(20, TimeUnit.MILLISECONDS);
        first.runScheduledPendingTasks();
        assertThat(sessions.stream().filter(Session::isOver)).hasSize(500);
        clockMillis.addAndGet(2_500);
        first.advanceTimeBy(20, TimeUnit.MILLISECONDS);
        first.runScheduledPendingTasks();

        assertThat(sessions).allMatch(Session::isOver);
        assertThat(drained).isNotDone(); // they may still answer
    }

    private Session openSession(EmbeddedChannel channel, Topic on, long expiresAtMillis) {
        Session[] made = new Session[1];
        NettySocket socket = new NettySocket(channel, false, self -> {
            made[0] = new Session(loop, self, new Session.End(expiresAtMillis, Disconnect.EXPIRED), false, false);
            return made[0];
        });
        channel.pipeline().addLast(socket);
        loop.hub().subscribe(made[0], on, null);
        made[0].open();
        return made[0];
    }

    private void answerPings() {
        if (!writesOf(first).isEmpty()) {
            first.writeInbound(Unpooled.copiedBuffer(ClientFrames.text("x")));
        }
    }

    private void advance(long millis) {
        clockMillis.addAndGet(millis);
        loop.wheel().advance(clockMillis.get());
        first.runPendingTasks();
    }

    /** Answers after how many milliseconds something was written. */
    private long advanceUntilWritten(long atMost) {
        for (long passed = TICK; passed <= atMost; passed += TICK) {
            advance(TICK);
            if (!first.outboundMessages().isEmpty()) {
                return passed;
            }
        }
        throw new AssertionError("nothing was written within " + atMost + " ms");
    }

    private Publication publication(int n) {
        return new Publication("m" + n, topic, 7, null, Integer.toString(n).getBytes(UTF_8));
    }

    private static String frame(int n) {
        String json = "{\"message\":%d,\"id\":\"m%d\",\"time\":7}".formatted(n, n);
        return "\u0081" + (char) json.length() + json;
    }

    private void offer(Publication publication) {
        if (loop.offer(publication)) {
            loop.wake();
        }
    }

    /** What was written, a text for each write; each byte a character. */
    private static List<String> writesOf(EmbeddedChannel channel) {
        List<String> writes = new ArrayList<>();
        ByteBuf written;
        while ((written = channel.readOutbound()) != null) {
            writes.add(written.toString(java.nio.charset.StandardCharsets.ISO_8859_1));
            written.release();
        }
        return writes;
    }
}
