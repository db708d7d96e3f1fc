package io.whimbrel.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.channel.embedded.EmbeddedChannel;
import io.whimbrel.gateway.RecordingSpans.Recorded;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import io.whimbrel.model.Tracking;
import io.whimbrel.ops.Spans;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a gateway adds to the trace that came with a message. */
class DeliveryTest extends KeptTopics {
    @Test
    void aDeliveryIsASpanBelowThePublishers() throws Exception {
        try (RawClient one = open(null);
                RawClient other = open(null)) {
            publish(traced(publication(1)));

            Recorded span = awaitOnly(2, 2);
            assertThat(offsets(one, 1)).isEqualTo(offsets(other, 1));
            assertThat(span.name).isEqualTo("deliver");
            assertThat(span.kind).isEqualTo(Spans.Kind.CONSUMER);
            assertThat(span.parent).isEqualTo(RecordingSpans.PARENT);
            assertThat(span.attributes)
                    .containsEntry("messaging.system", "whimbrel")
                    .containsEntry(
                            "messaging.destination.name", Topic.of(client).name())
                    .containsEntry("messaging.message.id", "m1")
                    .containsEntry("messaging.message.body.size", 1L);
            assertThat(span.failure).isNull();
        }
    }

    @Test
    void whoAsksForAReceiptAsWellGetsBoth() throws Exception {
        try (RawClient raw = open(null)) {
            Tracking both = new Tracking(true, null, false, RecordingSpans.PARENT.toString());
            Publication publication = publication(1).tracked(both);
            publisher.receipts().open(publication).toCompletableFuture().get(10, TimeUnit.SECONDS);

            publish(publication);

            assertThat(offsets(raw, 1)).containsExactly(1L);
            awaitOnly(1, 1);
            await().atMost(SOON)
                    .until(() -> publisher
                                    .receipts()
                                    .find("m1")
                                    .toCompletableFuture()
                                    .get(10, TimeUnit.SECONDS)
                                    .orElseThrow()
                                    .written()
                            == 1);
        }
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(
            strings = {
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
                "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                "nonsense",
                ""
            })
    void withoutASampledTraceNothingIsRecorded(@Nullable String traceParent) throws Exception {
        try (RawClient raw = open(null)) {
            publish(publication(1).tracked(new Tracking(false, null, false, traceParent)));

            assertThat(offsets(raw, 1)).containsExactly(1L);
            assertThat(spans.spans).isEmpty();
        }
    }

    @Test
    void bytesThatWaitForTheClientKeepTheSpanOpen() throws Exception {
        byte[] large = ("\"" + "x".repeat(60_000) + "\"").getBytes(UTF_8);
        try (RawClient raw = new RawClient(gateway.port(), 4096)) {
            raw.exchange(RawClient.upgrade(target(null)));
            int count = 0;
            while (metrics.get("whimbrel.gateway.outbox.bytes").gauge().value() < 2 * large.length) {
                count++;
                publish(new Publication("m" + count, Topic.of(client), 7, null, large));
                int given = count;
                await().pollInterval(Duration.ofMillis(1)).until(() -> metric("whimbrel.gateway.deliveries") >= given);
            }
            publish(traced(publication(count + 1)));
            int given = count + 1;
            await().until(() -> metric("whimbrel.gateway.deliveries") >= given);

            assertThat(spans.only().ends).hasValue(0);
            offsets(raw, count + 1);
            awaitOnly(1, 1);
        }
    }

    @Test
    void aTopicNobodyHasAnyMoreIsASpanWithZeros() {
        listener.get()
                .onPublication(traced(new Publication("m1", new Topic("nobody here"), 7, null, new byte[] {'0'})));

        awaitOnly(0, 0);
    }

    @Test
    void whatAnEventLoopDropsIsAFailure() throws Exception {
        gateway.stop();
        start(TestGateway.settings().withLimits(new GatewaySettings.Limits(9, 9_999, 9_999, 9, 1 << 20, 1_024, 9_999)));
        try (RawClient raw = open(null)) {
            listener.get()
                    .onPublication(traced(new Publication(
                            "m1", Topic.of(client), 7, null, ("\"" + "x".repeat(2_000) + "\"").getBytes(UTF_8))));

            assertThat(awaitOnly(0, 0).failure).isEqualTo("dropped: an event loop could not keep up");
            assertThat(raw).isNotNull();
        }
    }

    @Test
    void whatClientsDoNotTakeIsGivenUpAfterSomeTime() {
        EmbeddedChannel channel = new EmbeddedChannel();
        AtomicLong clockMillis = new AtomicLong(1);
        Deliveries deliveries = new Deliveries(spans, channel.eventLoop(), clockMillis::get);
        Loop loop = TestGateway.loop(channel.eventLoop());
        Session session = TestGateway.session();

        deliveries.begin(traced(publication(1)), new Loop[] {loop});
        Delivery delivery = deliveries.of(traced(publication(1)));
        assertThat(delivery).isNotNull();
        delivery.count(loop, 2);
        delivery.onWritten(session);
        advance(channel, clockMillis, Deliveries.LONGEST_MILLIS - 1);
        assertThat(spans.only().ends).hasValue(0);
        advance(channel, clockMillis, 1_000);

        awaitOnly(2, 1);
        assertThat(deliveries.of(traced(publication(1)))).isNull();
        delivery.onWritten(session); // too late
        awaitOnly(2, 1);
        channel.finishAndReleaseAll();
    }

    @Test
    void aGatewayThatStopsEndsWhatIsUnderWay() throws Exception {
        byte[] large = ("\"" + "x".repeat(60_000) + "\"").getBytes(UTF_8);
        try (RawClient raw = new RawClient(gateway.port(), 4096)) {
            raw.exchange(RawClient.upgrade(target(null)));
            for (int i = 1; i <= 10; i++) {
                publish(traced(new Publication("m" + i, Topic.of(client), 7, null, large)));
            }

            gateway.stop();

            assertThat(spans.spans).hasSize(10).allMatch(span -> span.ends.get() == 1);
        }
    }

    private static void advance(EmbeddedChannel channel, AtomicLong clockMillis, long millis) {
        clockMillis.addAndGet(millis);
        channel.advanceTimeBy(millis, TimeUnit.MILLISECONDS);
        channel.runScheduledPendingTasks();
    }

    private static Publication traced(Publication publication) {
        return publication.tracked(new Tracking(false, null, false, RecordingSpans.PARENT.toString()));
    }

    private Recorded awaitOnly(long sessions, long written) {
        await().atMost(SOON)
                .until(() -> spans.spans.size() == 1 && spans.only().ends.get() > 0);
        assertThat(spans.only().ends).hasValue(1);
        assertThat(spans.only().attributes)
                .containsEntry("whimbrel.sessions", sessions)
                .containsEntry("whimbrel.written", written);
        return spans.only();
    }
}
