package io.whimbrel.ops;

import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonObject;

/**
 * The admin port of a service: {@code /health/live}, {@code /health/ready} and {@code /metrics}. Not for the public: it
 * has no authentication and listens on loopback unless told otherwise.
 */
public final class AdminServer {
    private static final String PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8";

    private final HttpServer server;
    private final Health health;
    private final PrometheusMeterRegistry metrics;

    private AdminServer(Vertx vertx, Health health, PrometheusMeterRegistry metrics) {
        this.health = health;
        this.metrics = metrics;
        server = vertx.createHttpServer()
                .connectionHandler(connection -> connection.exceptionHandler(_ -> {})) // no error of ours
                .requestHandler(this::answer);
    }

    /** Completes when the port is open. Port 0 takes a free one, see {@link #port()}. */
    public static Future<AdminServer> start(
            Vertx vertx, String host, int port, Health health, PrometheusMeterRegistry metrics) {
        AdminServer admin = new AdminServer(vertx, health, metrics);
        return admin.server.listen(port, host).map(admin);
    }

    public int port() {
        return server.actualPort();
    }

    public Future<Void> stop() {
        return server.close();
    }

    private void answer(HttpServerRequest request) {
        HttpServerResponse response = request.response().putHeader("Cache-Control", "no-store");
        if (!request.method().equals(HttpMethod.GET) && !request.method().equals(HttpMethod.HEAD)) {
            response.setStatusCode(405).putHeader("Allow", "GET, HEAD").end();
            return;
        }
        switch (String.valueOf(request.path())) {
            case "/health/live" -> json(response, 200, new JsonObject().put("status", "live"));
            case "/health/ready" -> ready(response);
            case "/metrics" ->
                response.putHeader("Content-Type", PROMETHEUS_TEXT).end(metrics.scrape(PROMETHEUS_TEXT));
            default -> json(response, 404, new JsonObject().put("status", "unknown path"));
        }
    }

    private void ready(HttpServerResponse response) {
        var problems = health.problems();
        JsonObject checks = new JsonObject();
        health.names().forEach(name -> checks.put(name, problems.getOrDefault(name, "ok")));
        boolean ready = problems.isEmpty();
        JsonObject body =
                new JsonObject().put("status", ready ? "ready" : "not ready").put("checks", checks);
        json(response, ready ? 200 : 503, body);
    }

    private static void json(HttpServerResponse response, int status, JsonObject body) {
        response.setStatusCode(status)
                .putHeader("Content-Type", "application/json")
                .end(body.encode() + "\n");
    }
}
