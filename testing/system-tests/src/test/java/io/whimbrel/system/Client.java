package io.whimbrel.system;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Somebody with a token: the JDK's own HTTP and WebSocket, so that nothing of ours talks to itself. */
final class Client implements AutoCloseable {
    static final HttpClient HTTP = HttpClient.newHttpClient();

    private static final ObjectMapper JSON = new ObjectMapper();

    private final int webPort;
    private final String token;
    private final String address;
    private final BlockingQueue<String> frames = new LinkedBlockingQueue<>();
    private final CompletableFuture<String> closed = new CompletableFuture<>();
    private WebSocket socket;

    private Client(int webPort, String token, String address) {
        this.webPort = webPort;
        this.token = token;
        this.address = address;
    }

    static Client of(int webPort) throws Exception {
        return of(webPort, request(webPort, "/token"));
    }

    /** Somebody the web server knows by a password. */
    static Client of(int webPort, String name, String password) throws Exception {
        String credentials =
                Base64.getEncoder().encodeToString((name + ':' + password).getBytes(StandardCharsets.UTF_8));
        return of(webPort, request(webPort, "/token").header("Authorization", "Basic " + credentials));
    }

    private static Client of(int webPort, HttpRequest.Builder request) throws Exception {
        JsonNode answer = JSON.readTree(
                HTTP.send(request.build(), BodyHandlers.ofString()).body());
        return new Client(
                webPort, answer.path("token").asText(), answer.path("uuid").asText());
    }

    /** Another connection of the same, which has received nothing yet. */
    Client tab() {
        return new Client(webPort, token, address);
    }

    static JsonNode get(int port, String path) throws Exception {
        return JSON.readTree(text(port, path));
    }

    static String text(int port, String path) throws Exception {
        return HTTP.send(request(port, path).build(), BodyHandlers.ofString()).body();
    }

    /** The status of an answer, or 0 where there is none. */
    static int status(int port, String path) throws InterruptedException {
        try {
            return HTTP.send(request(port, path).build(), BodyHandlers.discarding())
                    .statusCode();
        } catch (IOException _) {
            return 0;
        }
    }

    static HttpResponse<String> post(int webPort, String path, String type, String body) throws Exception {
        return post(webPort, path, type, body, Map.of());
    }

    static HttpResponse<String> post(
            int webPort, String path, String type, String body, Map<String, String> moreHeaders) throws Exception {
        HttpRequest.Builder request = request(webPort, path).header("Content-Type", type);
        moreHeaders.forEach(request::header);
        return HTTP.send(request.POST(BodyPublishers.ofString(body)).build(), BodyHandlers.ofString());
    }

    private static HttpRequest.Builder request(int port, String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .timeout(Part.DEADLINE);
    }

    String token() {
        return token;
    }

    String address() {
        return address;
    }

    /** Opens its socket and waits until it is open. */
    Client connect(int gatewayPort) throws Exception {
        return connectWith(gatewayPort, "");
    }

    /** @param more of the query, such as {@code &acks=1} */
    Client connectWith(int gatewayPort, String more) throws Exception {
        connect(gatewayPort, token + more);
        return this;
    }

    CompletableFuture<String> connect(int gatewayPort, String withToken) throws Exception {
        socket = HTTP.newWebSocketBuilder()
                .connectTimeout(Part.DEADLINE)
                .buildAsync(
                        URI.create("ws://127.0.0.1:%d/ws?token=%s".formatted(gatewayPort, withToken)), new Listener())
                .get(Part.DEADLINE.toSeconds(), TimeUnit.SECONDS);
        return closed;
    }

    /** Publishes with its token as the sender; answers the response's JSON. */
    JsonNode publish(String recipient, String messageJson) throws Exception {
        return JSON.readTree(tryToPublish(recipient, messageJson).body());
    }

    HttpResponse<String> tryToPublish(String recipient, String messageJson) throws Exception {
        return post(
                webPort,
                "/publish",
                "application/json",
                "{\"uuid_remote\":\"%s\",\"uuid_local\":\"%s\",\"message\":%s}"
                        .formatted(recipient, token, messageJson));
    }

    /** The same with an idempotency key, through a web server that may not live to answer. */
    CompletableFuture<HttpResponse<String>> publishOnce(int port, String recipient, String messageJson, String key) {
        String body = "{\"uuid_remote\":\"%s\",\"uuid_local\":\"%s\",\"message\":%s}"
                .formatted(recipient, token, messageJson);
        HttpRequest request = request(port, "/publish")
                .header("Content-Type", "application/json")
                .header("Idempotency-Key", '"' + key + '"')
                .POST(BodyPublishers.ofString(body))
                .build();
        return HTTP.sendAsync(request, BodyHandlers.ofString());
    }

    /** Of the answer to its question what became of a message. */
    int statusOf(String id) throws Exception {
        HttpRequest request = request(webPort, "/messages/" + id)
                .header("Authorization", "Bearer " + token)
                .build();
        return HTTP.send(request, BodyHandlers.discarding()).statusCode();
    }

    JsonNode receive() throws Exception {
        return JSON.readTree(receiveText());
    }

    String receiveText() throws InterruptedException {
        String frame = frames.poll(Part.DEADLINE.toSeconds(), TimeUnit.SECONDS);
        if (frame == null) {
            throw new AssertionError(
                    "%s received nothing; its connection is %s".formatted(address, closed.getNow("open")));
        }
        return frame;
    }

    /** What came until now, and this message, which was published last. */
    List<JsonNode> receiveUntil(String lastMessage) throws Exception {
        List<JsonNode> all = new ArrayList<>();
        do {
            all.add(receive());
        } while (!all.getLast().path("message").asText().equals(lastMessage));
        return all;
    }

    /** Says that it has everything up to there. */
    Client ack(long offset) throws Exception {
        socket.sendText("{\"ack\":" + offset + "}", true).get(Part.DEADLINE.toSeconds(), TimeUnit.SECONDS);
        return this;
    }

    int waiting() {
        return frames.size();
    }

    /** "3001 shutdown", once the gateway has closed. */
    String closing() throws Exception {
        return closed.get(Part.DEADLINE.toSeconds(), TimeUnit.SECONDS);
    }

    boolean isClosed() {
        return closed.isDone();
    }

    @Override
    public void close() {
        if (socket != null) {
            socket.abort();
        }
    }

    private final class Listener implements WebSocket.Listener {
        private final StringBuilder frame = new StringBuilder();

        @Override
        public CompletionStage<?> onText(WebSocket webSocket, CharSequence data, boolean last) {
            frame.append(data);
            if (last) {
                frames.add(frame.toString());
                frame.setLength(0);
            }
            return WebSocket.Listener.super.onText(webSocket, data, last);
        }

        @Override
        public CompletionStage<?> onClose(WebSocket webSocket, int code, String reason) {
            closed.complete((code + " " + reason).strip());
            return WebSocket.Listener.super.onClose(webSocket, code, reason);
        }

        @Override
        public void onError(WebSocket webSocket, Throwable error) {
            closed.complete("broken: " + error);
        }
    }
}
