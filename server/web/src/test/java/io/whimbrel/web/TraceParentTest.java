package io.whimbrel.web;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.broker.BrokerUnavailableException;
import io.whimbrel.broker.Published;
import io.whimbrel.broker.PublishedOnce;
import io.whimbrel.model.Tracking;
import io.whimbrel.ops.Spans;
import io.whimbrel.web.RecordingSpans.Recorded;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of the {@code traceparent} of a publication, and the span that the web server adds. */
class TraceParentTest {
    private static final String IDS = RecordingSpans.TRACE + "-00f067aa0ba902b7";
    private static final String SAMPLED = "00-" + IDS + "-01";

    private final RunningWeb web = new RunningWeb();

    @BeforeEach
    void start() throws Exception {
        web.draft.publishTimeout = Duration.ofSeconds(5);
        web.start();
    }

    @AfterEach
    void stop() throws Exception {
        web.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"00-" + IDS + "-00", "00-" + IDS + "-02"})
    void oneThatIsNotSampledGoesOnAsItCame(String traceParent) throws Exception {
        assertThat(web.publish(web.fine("1"), "Traceparent", traceParent).statusCode())
                .isEqualTo(200);

        assertThat(carried()).isEqualTo(traceParent);
        assertThat(web.spans.spans).isEmpty();
    }

    @Test
    void oneOfALaterVersionGoesOnInOurs() throws Exception {
        web.publish(web.fine("1"), "traceparent", "01-" + IDS + "-fe-more");

        assertThat(carried()).isEqualTo("00-" + IDS + "-00");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "00-" + IDS + "-1",
                "00-" + IDS + "-01-more",
                "ff-" + IDS + "-01",
                "00-" + RecordingSpans.TRACE + "-0000000000000000-01",
                "r= t=1",
                "x"
            })
    void oneThatIsNoneIsIgnored(String traceParent) throws Exception {
        assertThat(web.publish(web.fine("1"), "traceparent", traceParent).statusCode())
                .isEqualTo(200);

        assertThat(web.broker.published.getFirst().tracking()).isNull();
        assertThat(web.spans.spans).isEmpty();
    }

    @Test
    void severalAreNone() throws Exception {
        web.publish(web.fine("1"), "traceparent", SAMPLED, "traceparent", SAMPLED);

        assertThat(web.broker.published.getFirst().tracking()).isNull();
    }

    @Test
    void messagesWithoutATraceCarryNothing() throws Exception {
        web.publish(web.fine("1"));

        assertThat(web.broker.published.getFirst().tracking()).isNull();
        assertThat(web.spans.spans).isEmpty();
    }

    @Test
    void aPublicationIsASpanBetweenThePublisherAndTheGateway() throws Exception {
        web.publish(web.fine("\"four\""), "traceparent", SAMPLED);

        Recorded span = ended();
        assertThat(span.name).isEqualTo("publish");
        assertThat(span.kind).isEqualTo(Spans.Kind.PRODUCER);
        assertThat(span.parent).isEqualTo(RecordingSpans.PARENT);
        assertThat(carried()).isEqualTo(span.context().toString());
        var publication = web.broker.published.getFirst();
        assertThat(span.attributes)
                .containsEntry("messaging.system", "whimbrel")
                .containsEntry("messaging.destination.name", publication.topic().name())
                .containsEntry("messaging.message.id", publication.id())
                .containsEntry("messaging.message.body.size", 6L)
                .containsEntry("whimbrel.online", true)
                .containsEntry("whimbrel.stored", false)
                .containsEntry("http.response.status_code", 200L);
        assertThat(span.failure).isNull();
    }

    @Test
    void aTraceMayBeginHere() throws Exception {
        web.spans.all = true;

        web.publish(web.fine("1"));

        assertThat(ended().parent).isNull();
        assertThat(carried()).isEqualTo(ended().context().toString());
    }

    @Test
    void aReceiptAndATraceGoTogether() throws Exception {
        String body = web.fine("1,\"receipt\":\"written\",\"timeout\":0.05");

        assertThat(web.publish(body, "traceparent", SAMPLED).statusCode()).isEqualTo(200);

        Tracking tracking = requireNonNull(web.broker.published.getFirst().tracking());
        assertThat(tracking.receipt()).isTrue();
        assertThat(tracking.traceParent()).isEqualTo(ended().context().toString());
    }

    @Test
    void aBrokerThatIsAwayMakesItAFailure() throws Exception {
        web.broker.answer = CompletableFuture.failedFuture(new BrokerUnavailableException("away"));

        assertThat(web.publish(web.fine("1"), "traceparent", SAMPLED).statusCode())
                .isEqualTo(503);

        assertThat(ended().failure).isNotNull();
        assertThat(ended().attributes)
                .containsEntry("error.type", "urn:whimbrel:problem:unavailable")
                .containsEntry("http.response.status_code", 503L)
                .doesNotContainKey("whimbrel.online");
    }

    @Test
    void aRepetitionSaysSo() throws Exception {
        web.broker.outcome = new PublishedOnce.Repeat("the first", new Published(0, null));

        web.publish(web.fine("1"), "traceparent", SAMPLED, "Idempotency-Key", "key");

        assertThat(ended().attributes)
                .containsEntry("whimbrel.replayed", true)
                .containsEntry("messaging.message.id", "the first")
                .containsEntry("whimbrel.online", false);
    }

    @Test
    void aMistakeOfTheClientIsNoFailure() throws Exception {
        web.broker.outcome = new PublishedOnce.Mismatch();

        assertThat(web.publish(web.fine("1"), "traceparent", SAMPLED, "Idempotency-Key", "key")
                        .statusCode())
                .isEqualTo(422);

        assertThat(ended().failure).isNull();
        assertThat(ended().attributes).containsEntry("error.type", "urn:whimbrel:problem:idempotency-mismatch");
    }

    @Test
    void whoMayNotPublishMakesNoSpans() throws Exception {
        String strange =
                "{\"uuid_remote\":\"11111111-1111-1111-1111-111111111111\",\"uuid_local\":\"x\",\"message\":1}";

        assertThat(web.publish(strange, "traceparent", SAMPLED).statusCode()).isEqualTo(401);

        assertThat(web.spans.spans).isEmpty();
    }

    private @Nullable String carried() {
        return requireNonNull(web.broker.published.getFirst().tracking()).traceParent();
    }

    private Recorded ended() {
        Recorded span = web.spans.only();
        assertThat(span.ends).hasValue(1);
        return span;
    }
}
