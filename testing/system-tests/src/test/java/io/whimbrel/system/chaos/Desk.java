package io.whimbrel.system.chaos;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** What is asked of web servers, over HTTP. Safe for any thread. */
record Desk(HttpClient http) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    /** A new client's token and address. */
    JsonNode newIdentity(int webPort) throws IOException, InterruptedException {
        HttpResponse<String> answer = http.send(request(webPort, "/token").build(), BodyHandlers.ofString());
        if (answer.statusCode() != 200) {
            throw new AssertionError("no token, but " + answer.body());
        }
        return json(answer.body());
    }

    /** @param key empty for none; it is repeated with the same one */
    CompletableFuture<HttpResponse<String>> publish(int webPort, String body, String key) {
        HttpRequest.Builder request = request(webPort, "/publish")
                .header("Content-Type", "application/json")
                .header("X-API-Key", Stage.API_KEY)
                .POST(BodyPublishers.ofString(body));
        if (!key.isEmpty()) {
            request.header("Idempotency-Key", '"' + key + '"');
        }
        return http.sendAsync(request.build(), BodyHandlers.ofString());
    }

    /** What became of a message. */
    HttpResponse<String> message(int webPort, String id) throws IOException, InterruptedException {
        return http.send(
                request(webPort, "/messages/" + id)
                        .header("X-API-Key", Stage.API_KEY)
                        .build(),
                BodyHandlers.ofString());
    }

    CompletableFuture<Integer> readiness(int adminPort, Duration timeout) {
        return http.sendAsync(
                        request(adminPort, "/health/ready").timeout(timeout).build(), BodyHandlers.discarding())
                .handle((answer, failure) -> failure == null ? answer.statusCode() : 0);
    }

    static JsonNode json(String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static HttpRequest.Builder request(int port, String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .version(HttpClient.Version.HTTP_1_1)
                .timeout(TIMEOUT);
    }
}
