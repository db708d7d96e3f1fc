package io.whimbrel.ops.otlp;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.whimbrel.model.TraceParent;
import io.whimbrel.ops.Span;
import io.whimbrel.ops.Spans;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is begun, what is sent and what is counted; what a collector reads is told by a story in the system tests. */
class OtlpSpansTest {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final TraceParent PARENT =
            new TraceParent("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", 0x03);

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final List<String> requests = new CopyOnWriteArrayList<>();
    private volatile int status = 200;
    private HttpServer receiver;
    private @Nullable OtlpSpans spans;

    @BeforeEach
    void listen() throws IOException {
        receiver = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        receiver.createContext("/", this::receive);
        receiver.start();
    }

    private void receive(HttpExchange exchange) throws IOException {
        exchange.getRequestBody().readAllBytes();
        requests.add(exchange.getRequestMethod() + " " + exchange.getRequestURI() + " "
                + exchange.getRequestHeaders().getFirst("content-type") + " "
                + exchange.getRequestHeaders().getFirst("x-key"));
        exchange.sendResponseHeaders(status, -1);
        exchange.close();
    }

    @AfterEach
    void stop() {
        if (spans != null) {
            spans.close();
        }
        receiver.stop(0);
    }

    @Test
    void aSpanIsSentAndIsAChildOfItsParent() {
        Span span = requireNonNull(open(0, 10).begin("publish", Spans.Kind.PRODUCER, PARENT));

        assertThat(span.context().traceId()).isEqualTo(PARENT.traceId());
        assertThat(span.context().spanId()).isNotEqualTo(PARENT.spanId());
        assertThat(span.context().flags()).isEqualTo(TraceParent.SAMPLED | TraceParent.RANDOM);
        assertThat(held()).isEqualTo(1);
        span.end();

        await().atMost(SOON).until(() -> count("sent") == 1);
        assertThat(requests).containsExactly("POST /v1/traces application/x-protobuf secret");
        assertThat(held()).isZero();
    }

    @Test
    void whatIsNotSampledIsNotBegun() {
        TraceParent unsampled = new TraceParent(PARENT.traceId(), PARENT.spanId(), TraceParent.RANDOM);

        assertThat(open(0, 10).begin("publish", Spans.Kind.PRODUCER, unsampled)).isNull();
        assertThat(requireNonNull(spans).begin("publish", Spans.Kind.PRODUCER, null))
                .isNull();
        assertThat(held()).isZero();
        assertThat(count("dropped")).isZero();
    }

    @Test
    void aShareOfTheOthersBeginsATrace() {
        OtlpSpans all = open(1, 10);

        Span one = requireNonNull(all.begin("publish", Spans.Kind.PRODUCER, null));
        Span other = requireNonNull(all.begin("publish", Spans.Kind.PRODUCER, null));

        assertThat(one.context().traceId()).isNotEqualTo(other.context().traceId());
        assertThat(one.context().isSampled()).isTrue();
    }

    @Test
    void nothingIsRecordedBeforeTheServiceHasAName() {
        OtlpSpans unnamed = made(receiver.getAddress().getPort(), 1, 10);

        assertThat(unnamed.begin("publish", Spans.Kind.PRODUCER, PARENT)).isNull();
    }

    @Test
    void moreThanTheLimitAreDroppedAndCountedUntilThereIsRoom() {
        OtlpSpans few = open(0, 2);
        Span first = requireNonNull(few.begin("publish", Spans.Kind.PRODUCER, PARENT));
        Span second = requireNonNull(few.begin("publish", Spans.Kind.PRODUCER, PARENT));

        assertThat(few.begin("publish", Spans.Kind.PRODUCER, PARENT)).isNull();
        assertThat(count("dropped")).isEqualTo(1);
        first.end();
        second.end();

        await().atMost(SOON).until(() -> count("sent") == 2);
        assertThat(few.begin("publish", Spans.Kind.PRODUCER, PARENT)).isNotNull();
    }

    @Test
    void oneSpanAtATimeIsEnoughToBeSent() {
        OtlpSpans one = open(0, 1);
        for (int i = 1; i <= 3; i++) {
            requireNonNull(one.begin("publish", Spans.Kind.PRODUCER, PARENT)).end();
            int sent = i;
            await().atMost(SOON).until(() -> count("sent") == sent);
        }
    }

    @Test
    void whatTheReceiverRefusesIsLostAndCounted() {
        status = 400;

        requireNonNull(open(0, 10).begin("publish", Spans.Kind.PRODUCER, PARENT))
                .end();

        await().atMost(SOON).until(() -> count("failed") == 1);
        assertThat(held()).isZero();
        assertThat(count("sent")).isZero();
    }

    @Test
    void aReceiverThatIsAwayCostsSpansOnly() throws IOException {
        int nobody;
        try (ServerSocket socket = new ServerSocket(0)) {
            nobody = socket.getLocalPort();
        }
        spans = made(nobody, 0, 1);
        spans.open("node");

        requireNonNull(spans.begin("publish", Spans.Kind.PRODUCER, PARENT)).end();
        assertThat(spans.begin("publish", Spans.Kind.PRODUCER, PARENT)).isNull();

        await().atMost(SOON).until(() -> count("failed") == 1);
        assertThat(held()).isZero();
        assertThat(count("dropped")).isEqualTo(1);
    }

    @Test
    void whatWaitsIsSentAtTheEnd() {
        OtlpSpans closing = open(0, 10);
        requireNonNull(closing.begin("publish", Spans.Kind.PRODUCER, PARENT)).end();

        closing.close();

        await().atMost(SOON).until(() -> count("sent") == 1);
        assertThat(closing.begin("publish", Spans.Kind.PRODUCER, PARENT)).isNull();
    }

    private OtlpSpans open(double sample, int maxSpans) {
        OtlpSpans made = made(receiver.getAddress().getPort(), sample, maxSpans);
        made.open("node");
        return made;
    }

    private OtlpSpans made(int port, double sample, int maxSpans) {
        URI endpoint = URI.create("http://127.0.0.1:" + port + "/v1/traces");
        OtlpSpans made =
                new OtlpSpans(new OtlpSettings(endpoint, Map.of("x-key", "secret"), sample, maxSpans), "web", registry);
        spans = made;
        return made;
    }

    private double count(String outcome) {
        return registry.get("whimbrel.spans")
                .tags("outcome", outcome)
                .functionCounter()
                .count();
    }

    private double held() {
        return registry.get("whimbrel.spans.held").gauge().value();
    }
}
