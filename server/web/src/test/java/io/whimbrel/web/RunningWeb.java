package io.whimbrel.web;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static java.util.concurrent.TimeUnit.SECONDS;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Vertx;
import io.whimbrel.auth.Authenticator;
import io.whimbrel.auth.Authenticator.Decision;
import io.whimbrel.auth.Revocations;
import io.whimbrel.broker.Broker;
import io.whimbrel.model.Address;
import io.whimbrel.ops.TlsFiles;
import io.whimbrel.ops.TrustedProxies;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** A web server on a free port with fakes behind it, and the ways a client may talk to it. */
final class RunningWeb {
    static final String API_KEY = "key-of-a-backend";
    static final Instant NOW = Instant.parse("2026-11-24T08:09:10.123Z");
    static final Duration DEADLINE = Duration.ofSeconds(10);

    final FakeBroker broker = new FakeBroker();
    final FakeTokens tokens = new FakeTokens();
    final Revocations revocations = new Revocations(InstantSource.fixed(NOW));
    final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
    final RecordingSpans spans = new RecordingSpans();
    /** The clock that measures, where a test has set one. */
    @Nullable
    AtomicLong nanos;

    /** Where a test has set one, the server speaks TLS. */
    @Nullable
    TlsFiles tls;

    /** Where a test has set one, it is used in place of the fake. */
    @Nullable
    Broker carrier;

    TrustedProxies proxies = TrustedProxies.NONE;
    final WebSettings.Draft draft = WebSettings.draft();
    volatile Authenticator authenticator =
            _ -> CompletableFuture.completedFuture(new Decision.Granted(Optional.empty()));

    private final Vertx vertx = Vertx.vertx();
    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private @Nullable WebServer server;

    RunningWeb() {
        draft.host = "127.0.0.1";
        draft.port = 0;
    }

    RunningWeb start() throws Exception {
        WebParts parts = new WebParts(
                tokens,
                revocations,
                tokens,
                header -> authenticator.decide(header),
                carrier == null ? broker : carrier,
                () -> "{\"keys\":[]}",
                7071,
                metrics,
                tls,
                proxies,
                spans);
        Clocks clocks = new Clocks(InstantSource.fixed(NOW), nanos == null ? System::nanoTime : nanos::get);
        server = WebServer.start(vertx, draft.settled(), parts, clocks).await(10, SECONDS);
        return this;
    }

    WebServer server() {
        return requireNonNull(server, "start it first");
    }

    Vertx vertx() {
        return vertx;
    }

    URI uri(String path) {
        return URI.create("http://127.0.0.1:" + server().port() + path);
    }

    HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(uri(path)).timeout(DEADLINE);
    }

    HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
        return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    HttpResponse<String> get(String path, String... headers) throws Exception {
        HttpRequest.Builder request = request(path);
        return send(headers.length == 0 ? request : request.headers(headers));
    }

    HttpResponse<String> publish(String body, String... headers) throws Exception {
        return post("application/json", body.getBytes(UTF_8), headers);
    }

    HttpResponse<String> publishForm(String body, String... headers) throws Exception {
        return post("application/x-www-form-urlencoded", body.getBytes(UTF_8), headers);
    }

    HttpResponse<String> post(String contentType, byte[] body, String... headers) throws Exception {
        HttpRequest.Builder request = request("/publish")
                .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                .header("Content-Type", contentType);
        return send(headers.length == 0 ? request : request.headers(headers));
    }

    /** A publication that is fine in all respects. */
    String fine(String message) {
        return "{\"uuid_remote\":\"%s\",\"uuid_local\":\"%s\",\"message\":%s}"
                .formatted(Address.random(), tokenOf(Address.random()), message);
    }

    String tokenOf(Address address) {
        return tokens.issue(address).token();
    }

    double count(String name, String... tags) {
        return metrics.get(name).tags(tags).functionCounter().count();
    }

    Socket connect() throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), server().port());
        socket.setSoTimeout((int) DEADLINE.toMillis());
        return socket;
    }

    /** Sends bytes as they are, and reads until the server closes the connection. */
    String raw(String... pieces) throws IOException {
        try (Socket socket = connect()) {
            for (String piece : pieces) {
                socket.getOutputStream().write(piece.getBytes(ISO_8859_1));
                socket.getOutputStream().flush();
            }
            return readAll(socket);
        }
    }

    static String readAll(Socket socket) throws IOException {
        StringBuilder text = new StringBuilder();
        InputStream in = socket.getInputStream();
        byte[] chunk = new byte[4096];
        int length = in.read(chunk);
        while (length >= 0) {
            text.append(new String(chunk, 0, length, ISO_8859_1));
            length = in.read(chunk);
        }
        return text.toString();
    }

    void close() throws Exception {
        http.shutdownNow();
        vertx.close().await(10, SECONDS);
        if (tls != null) {
            tls.close();
        }
    }
}
