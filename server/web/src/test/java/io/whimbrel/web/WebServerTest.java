package io.whimbrel.web;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.vertx.core.Future;
import io.whimbrel.broker.Published;
import java.io.IOException;
import java.io.OutputStream;
import java.net.BindException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WebServerTest {
    private final RunningWeb web = new RunningWeb();

    @AfterEach
    void stop() throws Exception {
        web.close();
    }

    // ---- bodies

    @Test
    void bodySplitAtEveryByteIsTheSameBody() throws Exception {
        web.start();
        String body = web.fine("[1,\"two\"]");
        String request = "POST /publish HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                + "Connection: close\r\nContent-Length: " + body.length() + "\r\n\r\n" + body;

        String answer = web.raw(request.split("", -1));

        assertThat(answer).startsWith("HTTP/1.1 200 ");
        assertThat(new String(web.broker.published.getFirst().payload(), UTF_8)).isEqualTo("[1,\"two\"]");
    }

    @Test
    void chunkedBodyIsTheSameBody() throws Exception {
        web.start();
        String body = web.fine("[1,\"two\"]");
        StringBuilder chunks = new StringBuilder();
        body.chars().forEach(c -> chunks.append("1\r\n").append((char) c).append("\r\n"));

        String answer = web.raw(
                head("POST /publish", "Connection: close", "Transfer-Encoding: chunked"),
                chunks.toString(),
                "0\r\n\r\n");

        assertThat(answer).startsWith("HTTP/1.1 200 ");
        assertThat(new String(web.broker.published.getFirst().payload(), UTF_8)).isEqualTo("[1,\"two\"]");
    }

    @Test
    void bodyAtTheLimitPassesAndOneByteMoreDoesNot() throws Exception {
        web.draft.maxBodyBytes = 1000;
        web.start();
        String frame = web.fine("\"\"");
        String fits = frame.replace("\"\"", '"' + "x".repeat(1000 - frame.length()) + '"');

        HttpResponse<String> atLimit = web.publish(fits);
        HttpResponse<String> above = web.publish(fits + " ");

        assertThat(atLimit.statusCode()).isEqualTo(200);
        assertThat(above.statusCode()).isEqualTo(413);
        assertThat(above.body()).contains("urn:whimbrel:problem:payload-too-large", "1000 bytes");
        assertThat(web.broker.published).hasSize(1);
    }

    @Test
    void announcedLargeBodyIsRefusedBeforeItComesAndTheAnswerArrives() throws Exception {
        web.start();
        try (Socket socket = web.connect()) {
            OutputStream out = socket.getOutputStream();
            out.write("POST /publish HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n".getBytes(ISO_8859_1));
            String head = new String(socket.getInputStream().readNBytes(12), ISO_8859_1);
            out.write(new byte[10_000_000]);

            String rest = RunningWeb.readAll(socket);

            assertThat(head).isEqualTo("HTTP/1.1 413");
            assertThat(rest).containsIgnoringCase("connection: close").contains("payload-too-large");
        }
    }

    @Test
    void largeChunkedBodyIsRefusedAndTheAnswerArrives() throws Exception {
        web.start();
        String chunk = "10000\r\n" + "x".repeat(0x10000) + "\r\n";

        String answer = web.raw(
                "POST /publish HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
                chunk.repeat(30),
                "0\r\n\r\n");

        assertThat(answer).startsWith("HTTP/1.1 413 ").contains("payload-too-large");
        assertThat(answer.split("HTTP/1.1", -1)).hasSize(2);
        assertThat(web.broker.published).isEmpty();
    }

    @Test
    void endlessBodyIsCutOff() throws Exception {
        web.start();
        try (Socket socket = web.connect()) {
            socket.getOutputStream()
                    .write("POST /publish HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n"
                            .getBytes(ISO_8859_1));

            assertThat(RunningWeb.readAll(socket)).startsWith("HTTP/1.1 413 "); // returns when the server has closed
        }
    }

    @Test
    void lyingLengthsAndTypesOfOtherKindsAreRefused() throws Exception {
        web.start();

        assertThat(web.post("text/plain", new byte[] {'x'}).statusCode()).isEqualTo(415);
        assertThat(web.post("multipart/form-data; boundary=x", new byte[100]).statusCode())
                .isEqualTo(415);
        assertThat(web.post("application/json; charset=latin1", new byte[] {'x'})
                        .statusCode())
                .isEqualTo(415);
        assertThat(web.post("application/json", new byte[0]).statusCode()).isEqualTo(400);
        assertThat(web.publish(web.fine("1"), "Content-Encoding", "gzip").statusCode())
                .isEqualTo(415);
        assertThat(web.raw("POST /publish HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n"))
                .startsWith("HTTP/1.1 4");
        assertThat(web.broker.published).isEmpty();
    }

    @Test
    void clientThatWaitsForPermissionGetsIt() throws Exception {
        web.start();
        String body = web.fine("1");
        try (Socket socket = web.connect()) {
            OutputStream out = socket.getOutputStream();
            out.write(("POST /publish HTTP/1.1\r\n"
                            + "Host: x\r\n"
                            + "Connection: close\r\n"
                            + "Expect: 100-continue\r\n"
                            + "Content-Length: "
                            + body.length() + "\r\n\r\n")
                    .getBytes(ISO_8859_1));
            String permission = new String(socket.getInputStream().readNBytes(25), ISO_8859_1);
            out.write(body.getBytes(UTF_8));

            String rest = RunningWeb.readAll(socket);

            assertThat(permission).startsWith("HTTP/1.1 100 Continue\r\n");
            assertThat(rest).contains("HTTP/1.1 200 OK");
        }
    }

    @Test
    void bodyThatIsTooSlowIsRefusedAndCutOff() throws Exception {
        web.draft.requestTimeout = Duration.ofSeconds(2);
        web.start();
        String body = web.fine("1");
        String head = "POST /publish HTTP/1.1\r\nHost: x\r\nContent-Length: " + body.length() + "\r\n\r\n";

        String tooSlow = web.raw(head, body.substring(0, 10));

        assertThat(tooSlow).startsWith("HTTP/1.1 400 ").contains("did not arrive in time");
        assertThat(web.broker.published).isEmpty();
    }

    @Test
    void smallBodyOfARefusedRequestIsSkippedAndTheConnectionKept() throws Exception {
        web.start();

        String answer = web.raw(
                head("POST /nowhere", "Content-Length: 5"),
                "GET /",
                head("POST /publish", "Content-Type: text/plain", "Content-Length: 5"),
                "GET /",
                head("GET /token", "Connection: close"));

        assertThat(answer).containsSubsequence("HTTP/1.1 404", "HTTP/1.1 415", "HTTP/1.1 200", "\"token\"");
    }

    @Test
    void clientThatHangsUpInTheMiddleHarmsNobody() throws Exception {
        web.start();
        for (int i = 0; i < 20; i++) {
            try (Socket socket = web.connect()) {
                socket.setSoLinger(true, 0); // a reset instead of a goodbye
                socket.getOutputStream()
                        .write("POST /publish HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"
                                .getBytes(ISO_8859_1));
            }
        }

        assertThat(web.publish(web.fine("1")).statusCode()).isEqualTo(200);
        await().atMost(RunningWeb.DEADLINE)
                .until(() -> web.metrics.get("whimbrel.web.connections").gauge().value() <= 1);
        assertThat(web.broker.published).hasSize(1);
    }

    // ---- HTTP

    @Test
    void unknownPathsAndMethodsAreProblems() throws Exception {
        web.start();

        HttpResponse<String> nowhere = web.get("/nowhere");
        HttpResponse<String> wrongMethod = web.get("/publish");
        HttpResponse<String> deleted = web.send(web.request("/token").DELETE());
        HttpResponse<String> options =
                web.send(web.request("/token").method("OPTIONS", HttpRequest.BodyPublishers.noBody()));

        assertThat(nowhere.statusCode()).isEqualTo(404);
        assertThat(nowhere.body()).contains("urn:whimbrel:problem:not-found");
        assertThat(wrongMethod.statusCode()).isEqualTo(405);
        assertThat(wrongMethod.headers().firstValue("Allow")).contains("POST, OPTIONS");
        assertThat(wrongMethod.body()).contains("urn:whimbrel:problem:method-not-allowed");
        assertThat(deleted.headers().firstValue("Allow")).contains("GET, HEAD, OPTIONS");
        assertThat(options.statusCode()).isEqualTo(204);
        assertThat(web.get("/auth").statusCode()).isEqualTo(404);
    }

    @Test
    void answersCarryTheDate() throws Exception {
        web.start();

        assertThat(web.get("/token").headers().firstValue("Date")).contains("Tue, 24 Nov 2026 08:09:10 GMT");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "nonsense\r\n\r\n",
                "GET\r\n\r\n",
                "GET /token HTTP/1.1\r\nno colon\r\n\r\n",
                "GET /token HTTP/1.1\r\nHost: x\r\nX: a\u0000b\r\n\r\n",
                "POST /publish HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
                "POST /publish HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
                "POST /publish HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
            })
    void whatIsNotHttpIsRefusedAndTheConnectionClosed(String request) throws Exception {
        web.start();

        String answer = web.raw(request);

        assertThat(answer).matches("(?s)HTTP/1.[01] 4.*").contains("application/problem+json");
        assertThat(web.broker.published).isEmpty();
    }

    @Test
    void largeHeadIsRefused() throws Exception {
        web.start();

        String answer = web.raw("GET /token HTTP/1.1\r\nHost: x\r\nX: " + "y".repeat(20_000) + "\r\n\r\n");

        assertThat(answer).startsWith("HTTP/1.1 400 ").contains("malformed-request");
    }

    @Test
    void brokenChunksEndTheConnection() throws Exception {
        web.start();

        web.raw("POST /publish HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n");

        assertThat(web.broker.published).isEmpty();
        assertThat(web.get("/token").statusCode()).isEqualTo(200);
    }

    @Test
    void pipelinedRequestsAreAnsweredInOrder() throws Exception {
        web.start();
        web.tokens.later = true;

        String answer = web.raw(head("GET /auth/a") + head("GET /nowhere") + head("GET /token", "Connection: close"));

        assertThat(answer)
                .containsSubsequence("HTTP/1.1 200", "\"auth\":false", "HTTP/1.1 404", "HTTP/1.1 200", "\"token\"");
    }

    @Test
    void offersOfOtherProtocolsAreNotTaken() throws Exception {
        web.start();
        String key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";

        String webSocket = web.raw(head(
                "GET /token",
                "Connection: Upgrade",
                "Connection: close",
                "Upgrade: websocket",
                key,
                "Sec-WebSocket-Version: 13"));
        String clearTextHttp2 = web.raw(head(
                "GET /token",
                "Connection: Upgrade, HTTP2-Settings",
                "Connection: close",
                "Upgrade: h2c",
                "HTTP2-Settings: AAMAAABk"));
        String preface = web.raw("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

        assertThat(webSocket).startsWith("HTTP/1.1 200 ");
        assertThat(clearTextHttp2).startsWith("HTTP/1.1 200 ");
        assertThat(preface).doesNotContain(" 200 ");
    }

    @Test
    void silentAndTricklingConnectionsAreClosed() throws Exception {
        web.draft.requestTimeout = Duration.ofSeconds(2);
        web.draft.idleTimeout = Duration.ofSeconds(2);
        web.start();

        assertThat(web.raw()).isEmpty();
        assertThat(web.raw("GET /token HTTP/1.1\r\nHo")).isEmpty();
        assertThat(web.raw("GET /token HTTP/1.1\r\nHost: x\r\n\r\n")).startsWith("HTTP/1.1 200 ");
    }

    @Test
    void moreConnectionsThanAllowedAreClosed() throws Exception {
        web.draft.maxConnections = 2;
        web.start();
        try (Socket first = web.connect();
                Socket second = web.connect()) {
            await().atMost(RunningWeb.DEADLINE)
                    .until(() ->
                            web.metrics.get("whimbrel.web.connections").gauge().value() == 2);

            String third = web.raw();

            assertThat(third).isEmpty();
            assertThat(web.count("whimbrel.web.connections.refused")).isEqualTo(1);
            first.getOutputStream()
                    .write("GET /token HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".getBytes(ISO_8859_1));
            assertThat(RunningWeb.readAll(first)).startsWith("HTTP/1.1 200 ");
            assertThat(second.isConnected()).isTrue();
        }
    }

    @Test
    void mistakeOfAnEndpointIsToldWithAnIdAndNoTrace() throws Exception {
        web.start();
        web.authenticator = _ -> {
            throw new IllegalStateException("inside");
        };

        HttpResponse<String> answer = web.get("/token");

        assertThat(answer.statusCode()).isEqualTo(500);
        assertThat(answer.body())
                .contains("urn:whimbrel:problem:internal-error", "urn:uuid:")
                .doesNotContain("inside", "Exception", "at io.");
    }

    @Test
    void partThatNeverAnswersIsNotWaitedForForever() throws Exception {
        web.draft.requestTimeout = Duration.ofSeconds(2);
        web.start();
        web.authenticator = _ -> new CompletableFuture<>();

        HttpResponse<String> answer = web.get("/token");

        assertThat(answer.statusCode()).isEqualTo(503);
        assertThat(answer.headers().firstValue("Retry-After")).contains("1");
    }

    // ---- start and stop

    @Test
    void takenPortFailsTheStart() throws Exception {
        web.start();
        RunningWeb second = new RunningWeb();
        second.draft.port = web.server().port();

        assertThatThrownBy(second::start).isInstanceOf(BindException.class);
        second.close();
    }

    @Test
    void stoppingLetsRequestsInFlightEnd() throws Exception {
        web.start();
        CompletableFuture<Published> answerOfBroker = new CompletableFuture<>();
        web.broker.answer = answerOfBroker;
        CompletableFuture<HttpResponse<String>> inFlight = CompletableFuture.supplyAsync(() -> publishQuietly("1"));
        await().atMost(RunningWeb.DEADLINE).until(() -> !web.broker.published.isEmpty());

        Future<Void> stopped = web.server().stop();
        await().atMost(RunningWeb.DEADLINE)
                .untilAsserted(() -> assertThatThrownBy(web::connect).isInstanceOf(ConnectException.class));
        boolean stoppedTooEarly = stopped.isComplete();
        answerOfBroker.complete(new Published(1, null));

        HttpResponse<String> answer = inFlight.get(10, SECONDS);
        stopped.await(10, SECONDS);
        assertThat(stoppedTooEarly).isFalse();
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.headers().firstValue("Connection")).contains("close");
    }

    @Test
    void stoppingDoesNotWaitBeyondItsDeadline() throws Exception {
        web.draft.drainTimeout = Duration.ofMillis(200);
        web.draft.publishTimeout = Duration.ofMinutes(1); // nothing but the stop ends what is stuck
        web.draft.requestTimeout = Duration.ofMinutes(1);
        web.start();
        web.broker.answer = new CompletableFuture<>();
        String body = web.fine("1");
        try (Socket stuck = web.connect();
                Socket idle = web.connect()) {
            stuck.getOutputStream()
                    .write(("POST /publish HTTP/1.1\r\nHost: x\r\nContent-Length: " + body.length() + "\r\n\r\n" + body)
                            .getBytes(UTF_8));
            await().atMost(RunningWeb.DEADLINE).until(() -> !web.broker.published.isEmpty());

            web.server().stop().await(10, SECONDS);

            assertThat(idle.getInputStream().read()).isEqualTo(-1);
            assertThat(stuck.getInputStream().read()).isEqualTo(-1);
        }
    }

    @Test
    void stoppingTwiceIsStoppingOnce() throws Exception {
        web.start();
        int port = web.server().port();

        web.server().stop().await(10, SECONDS);
        web.server().stop().await(10, SECONDS);

        // NIO lets go of the port with its next select. Connecting would tell less: a free port can connect to itself.
        await().atMost(RunningWeb.DEADLINE)
                .untilAsserted(() -> assertThat(isFree(port)).isTrue());
    }

    private static boolean isFree(int port) throws IOException {
        try (ServerSocket next = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            return next.isBound();
        } catch (BindException _) {
            return false;
        }
    }

    private static String head(String methodAndPath, String... headers) {
        StringBuilder head = new StringBuilder(methodAndPath).append(" HTTP/1.1\r\nHost: x\r\n");
        for (String header : headers) {
            head.append(header).append("\r\n");
        }
        return head.append("\r\n").toString();
    }

    private HttpResponse<String> publishQuietly(String message) {
        try {
            return web.publish(web.fine(message));
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }
}
