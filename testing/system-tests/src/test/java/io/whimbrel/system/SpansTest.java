package io.whimbrel.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.opentelemetry.proto.trace.v1.Span.SpanKind;
import io.whimbrel.system.Collector.Received;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A message with a {@code traceparent} through web server, Redis and gateway, as a collector of OpenTelemetry sees it. */
class SpansTest {
    private static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
    private static final String CALLER = "00f067aa0ba902b7";

    @TempDir
    private Path folder;

    private Town town;
    private Collector collector;

    @BeforeEach
    void prepare() throws Exception {
        collector = new Collector();
        town = new Town(folder);
        town.redis = town.startRedis("0");
    }

    @AfterEach
    void stop() throws Exception {
        town.close();
        collector.close();
    }

    @Test
    void aMessageIsOneTraceFromItsPublisherToTheSocket() throws Exception {
        String endpoint = "--otlp.endpoint=" + collector.endpoint();
        town.web = town.startWeb(town.redis.port(), endpoint, "--otlp.headers=x-key=secret of the collector");
        startGateway(endpoint);
        try (Client anna = town.newClient();
                Client ben = town.newClient().connect(town.gatewayPort())) {
            assertThat(publish(anna, ben, "\"for ben's eyes\"", CALLER).statusCode())
                    .isEqualTo(200);
            String id = ben.receive().path("id").asText();

            Received publish = collector.awaitSpan("publish");
            Received deliver = collector.awaitSpan("deliver");

            assertThat(publish.traceId()).isEqualTo(TRACE);
            assertThat(publish.parentId()).isEqualTo(CALLER);
            assertThat(publish.span().getKind()).isEqualTo(SpanKind.SPAN_KIND_PRODUCER);
            assertThat(publish.attributes())
                    .containsEntry("messaging.system", "whimbrel")
                    .containsEntry("messaging.destination.name", "@" + ben.address())
                    .containsEntry("messaging.message.id", id)
                    .containsEntry("whimbrel.online", true)
                    .containsEntry("whimbrel.stored", true);
            assertThat(publish.resource()).containsEntry("service.name", "whimbrel-web");
            assertThat(publish.resource().get("service.instance.id").toString())
                    .startsWith("web@")
                    .contains(":" + town.web.port() + "/");

            assertThat(deliver.traceId()).isEqualTo(TRACE);
            assertThat(deliver.parentId()).isEqualTo(publish.spanId());
            assertThat(deliver.span().getKind()).isEqualTo(SpanKind.SPAN_KIND_CONSUMER);
            assertThat(deliver.attributes())
                    .containsEntry("messaging.message.id", id)
                    .containsEntry("whimbrel.sessions", 1L)
                    .containsEntry("whimbrel.written", 1L);
            assertThat(deliver.resource()).containsEntry("service.name", "whimbrel-gateway");
            assertThat(deliver.span().getStartTimeUnixNano())
                    .isLessThanOrEqualTo(deliver.span().getEndTimeUnixNano());

            assertThat(collector.keys).contains("secret of the collector");
            assertThat(String.join("", collector.bodies))
                    .doesNotContain(anna.token())
                    .doesNotContain(ben.token())
                    .doesNotContain("eyes");
            assertThat(town.web.log()).doesNotContain("secret of the collector");
        }
    }

    @Test
    void aWebServerWithoutACollectorCarriesTheTraceOn() throws Exception {
        town.web = town.startWeb(town.redis.port());
        startGateway("--otlp.endpoint=" + collector.endpoint());
        try (Client anna = town.newClient();
                Client ben = town.newClient().connect(town.gatewayPort())) {
            publish(anna, ben, "1", CALLER);
            anna.publish(ben.address(), "2");
            ben.receive();
            ben.receive();

            Received deliver = collector.awaitSpan("deliver");

            assertThat(deliver.traceId()).isEqualTo(TRACE);
            assertThat(deliver.parentId()).isEqualTo(CALLER);
        }
    }

    @Test
    void aCollectorThatIsAwayCostsNothingButSpans() throws Exception {
        String[] nowhere = {"--otlp.endpoint=http://127.0.0.1:" + closedPort() + "/v1/traces", "--otlp.max-spans=2"};
        town.web = town.startWeb(town.redis.port(), nowhere);
        startGateway(nowhere);
        try (Client anna = town.newClient();
                Client ben = town.newClient().connect(town.gatewayPort())) {
            for (int i = 0; i < 20; i++) {
                assertThat(publish(anna, ben, Integer.toString(i), CALLER).statusCode())
                        .isEqualTo(200);
                assertThat(ben.receive().path("message").asInt(-1)).isEqualTo(i);
            }

            for (Part part : List.of(town.web, town.gateways.getFirst())) {
                await().atMost(Part.DEADLINE).until(() -> spans(part, "failed") > 0);
                assertThat(spans(part, "dropped")).isPositive();
                assertThat(spans(part, "sent")).isZero();
                part.awaitInLog(Pattern.compile("WARN .*Spans do not reach otlp\\.endpoint .*ConnectException"));
                assertThat(part.log()).doesNotContain("io.opentelemetry");
            }
        }
    }

    private void startGateway(String... more) throws IOException {
        town.gateways.add(town.startGateway(town.redis.port(), town.web.port(), more));
        town.web.awaitReadiness(200);
        town.gateways.getFirst().awaitReadiness(200);
    }

    private HttpResponse<String> publish(Client from, Client to, String json, String callersSpan) throws Exception {
        return Client.post(
                town.web.port(),
                "/publish",
                "application/json",
                "{\"uuid_remote\":\"%s\",\"uuid_local\":\"%s\",\"message\":%s}"
                        .formatted(to.address(), from.token(), json),
                Map.of("traceparent", "00-" + TRACE + "-" + callersSpan + "-01"));
    }

    private static double spans(Part part, String outcome) throws Exception {
        URI uri = URI.create("http://127.0.0.1:" + part.adminPort() + "/metrics");
        String metrics = Client.HTTP
                .send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString())
                .body();
        String name = "whimbrel_spans_total{outcome=\"%s\"} ".formatted(outcome);
        return metrics.lines()
                .filter(line -> line.startsWith(name))
                .mapToDouble(line -> Double.parseDouble(line.substring(name.length())))
                .findFirst()
                .orElseThrow();
    }

    private static int closedPort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }
}
