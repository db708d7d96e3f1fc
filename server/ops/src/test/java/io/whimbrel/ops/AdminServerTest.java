package io.whimbrel.ops;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Vertx;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class AdminServerTest {
    private final AtomicReference<Optional<String>> redisProblem = new AtomicReference<>(Optional.empty());
    private final Vertx vertx = Vertx.vertx();
    private final HttpClient http = HttpClient.newHttpClient();
    private final PrometheusMeterRegistry metrics = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private int port;

    @BeforeEach
    void start() throws Exception {
        Health health = new Health();
        health.check("redis", redisProblem::get);
        port = AdminServer.start(vertx, "127.0.0.1", 0, health, metrics)
                .await(10, SECONDS)
                .port();
    }

    @AfterEach
    void stop() throws Exception {
        vertx.close().await(10, SECONDS);
        http.close();
    }

    @Test
    void isLiveWhateverTheChecksSay() throws Exception {
        redisProblem.set(Optional.of("connection refused"));

        assertThat(get("/health/live").statusCode()).isEqualTo(200);
    }

    @Test
    void isReadyOnlyWhileNoCheckHasAProblem() throws Exception {
        HttpResponse<String> before = get("/health/ready");
        redisProblem.set(Optional.of("connection refused"));
        HttpResponse<String> during = get("/health/ready");

        assertThat(before.statusCode()).isEqualTo(200);
        assertThat(before.body()).contains("\"redis\":\"ok\"");
        assertThat(during.statusCode()).isEqualTo(503);
        assertThat(during.body()).contains("\"redis\":\"connection refused\"");
    }

    @Test
    void showsMetricsInPrometheusForm() throws Exception {
        metrics.counter("whimbrel.test").increment();

        HttpResponse<String> answer = get("/metrics");

        assertThat(answer.body()).contains("whimbrel_test_total 1.0");
        assertThat(answer.headers().firstValue("Content-Type"))
                .hasValueSatisfying(type -> assertThat(type).startsWith("text/plain"));
    }

    @Test
    void knowsNothingElse() throws Exception {
        assertThat(get("/").statusCode()).isEqualTo(404);
    }

    private HttpResponse<String> get(String path) throws Exception {
        return http.send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }
}
