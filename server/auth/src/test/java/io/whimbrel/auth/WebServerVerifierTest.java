package io.whimbrel.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.whimbrel.model.Address;
import io.whimbrel.model.Topic;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WebServerVerifierTest {
    private static final Address ADDRESS = Address.random();

    @Test
    void takesAddressAndEndFromOurWebServer() {
        assertThat(verdictFor("{\"auth\":true,\"uuid\":\"%s\",\"expires_at\":1893553445,\"issued_at\":1893000000}"
                        .formatted(ADDRESS)))
                .isEqualTo(valid(ADDRESS, 1_893_553_445, 1_893_000_000, "t"));
        assertThat(verdictFor("{\"auth\":true,\"uuid\":\"%s\"}".formatted(ADDRESS)))
                .isEqualTo(valid(ADDRESS, TokenVerdict.Valid.NEVER, 0, "t"));
    }

    @Test
    void takesTopicsFromOurWebServer() {
        assertThat(verdictFor("{\"auth\":true,\"uuid\":\"%s\",\"expires_at\":5,\"topics\":[\"news\",\"\\u00e9\\\"\"]}"
                        .formatted(ADDRESS)))
                .isEqualTo(new TokenVerdict.Valid(
                        ADDRESS, 5, List.of(new Topic("news"), new Topic("é\"")), 0, Fingerprint.of("t")));
        assertThat(verdictFor("{\"auth\":true,\"uuid\":\"%s\",\"topics\":[]}".formatted(ADDRESS)))
                .isEqualTo(valid(ADDRESS, TokenVerdict.Valid.NEVER, 0, "t"));
    }

    @Test
    void tokenIsTheAddressForTheOriginalWebServer() {
        try (FakeWebServer server = FakeWebServer.answering("{\"auth\": true}");
                WebServerVerifier verifier = verifier(server)) {
            assertThat(Answers.of(verifier.verify(ADDRESS.toString())))
                    .isEqualTo(valid(ADDRESS, TokenVerdict.Valid.NEVER, 0, ADDRESS.toString()));
            assertThat(Answers.of(verifier.verify("some-token")))
                    .isEqualTo(
                            valid(Addresses.ofForeignToken("some-token"), TokenVerdict.Valid.NEVER, 0, "some-token"));
        }
    }

    @Test
    void noIsNo() {
        assertThat(verdictFor("{\"auth\":false}")).isEqualTo(new TokenVerdict.Invalid());
        assertThat(verdictFor("{\"auth\":false,\"expired\":false}")).isEqualTo(new TokenVerdict.Invalid());
        assertThat(verdictFor("{\"auth\":false,\"expired\":true}")).isEqualTo(new TokenVerdict.Expired());
        assertThat(verdictFor("{\"auth\":false,\"revoked\":true}")).isEqualTo(new TokenVerdict.Revoked());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "null",
                "true",
                "[]",
                "{}",
                "{\"auth\":",
                "{\"auth\":\"true\"}",
                "{\"auth\":1}",
                "{\"auth\":null}",
                "{\"auth\":true,\"uuid\":\"alice\"}",
                "{\"auth\":true,\"uuid\":5}",
                "{\"auth\":true,\"expires_at\":\"soon\"}",
                "{\"auth\":true,\"topics\":\"news\"}",
                "{\"auth\":true,\"topics\":{}}",
                "{\"auth\":true,\"topics\":[5]}",
                "{\"auth\":true,\"topics\":[\"news\",null]}",
                "{\"auth\":true,\"topics\":[\"@6f1c2b3a-0000-4000-8000-00000000000a\"]}",
                "{\"auth\":true,\"topics\":[\"a\\u0000\"]}",
                "{\"auth\":true,\"topics\":[\"a\\ud800\"]}",
                "<html>",
            })
    void anythingElseIsNeitherYesNorNo(String body) {
        assertThat(verdictFor(body)).isInstanceOf(TokenVerdict.Unavailable.class);
    }

    @Test
    void answersThatAreTooLargeTooDeepOrNoTextAreNeitherYesNorNo() {
        assertThat(verdictFor("{\"auth\":true,\"x\":\"%s\"}".formatted("x".repeat(70_000))))
                .isInstanceOf(TokenVerdict.Unavailable.class);
        assertThat(verdictFor("{\"auth\":" + "[".repeat(60_000))).isInstanceOf(TokenVerdict.Unavailable.class);
        try (FakeWebServer server = new FakeWebServer(exchange -> {
                    byte[] noText = "{\"auth\":true,\"x\":\"\u00e9\"}".getBytes(StandardCharsets.ISO_8859_1);
                    exchange.sendResponseHeaders(200, noText.length);
                    exchange.getResponseBody().write(noText);
                });
                WebServerVerifier verifier = verifier(server)) {
            assertThat(Answers.of(verifier.verify("t"))).isInstanceOf(TokenVerdict.Unavailable.class);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {201, 204, 301, 302, 401, 404, 500, 503})
    void otherStatusIsNeitherYesNorNo(int status) {
        try (FakeWebServer server = new FakeWebServer(exchange -> {
                    exchange.getResponseHeaders().add("Location", "/elsewhere");
                    FakeWebServer.send(exchange, status, status == 204 ? "" : "{\"auth\":true}");
                });
                WebServerVerifier verifier = verifier(server)) {
            assertThat(Answers.of(verifier.verify("t")))
                    .isEqualTo(new TokenVerdict.Unavailable("the web server answered with status " + status));
            assertThat(server.requests()).containsExactly("/auth/t");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a/b",
                "a?b=c",
                "a#b",
                "a b",
                "a+b",
                "a%2Fb",
                "%2e%2e",
                "a;b",
                "a&b=c",
                "a\\b",
                "{token}",
                "..a",
                "...",
                "a=",
                "é漢😀",
                "\"<script>",
            })
    void tokenStaysOneSegmentOfThePath(String token) {
        try (FakeWebServer server = FakeWebServer.answering("{\"auth\":false}");
                WebServerVerifier verifier = verifier(server)) {
            assertThat(Answers.of(verifier.verify(token))).isEqualTo(new TokenVerdict.Invalid());

            String segment = server.requests().getFirst().substring("/auth/".length());
            assertThat(segment).matches("([A-Za-z0-9._~-]|%[0-9A-F]{2})+");
            assertThat(URLDecoder.decode(segment, StandardCharsets.UTF_8)).isEqualTo(token);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ".",
                "..",
                "../token",
                "a/../b",
                "a\\..\\b",
                "a/.",
                "a\nb",
                "a\r\nHost: b",
                "\u0000",
                "\u007f",
                "\u0085",
                "\uD800",
                "a\uDC00b",
            })
    void tokenThatWouldLeadElsewhereIsInvalidUnasked(String token) {
        try (FakeWebServer server = FakeWebServer.answering("{\"auth\":true}");
                WebServerVerifier verifier = verifier(server)) {
            assertThat(Answers.of(verifier.verify(token))).isEqualTo(new TokenVerdict.Invalid());
            assertThat(Answers.of(verifier.verify("x".repeat(1_000_000)))).isEqualTo(new TokenVerdict.Invalid());

            assertThat(server.requests()).isEmpty();
        }
    }

    @Test
    void tokenMayStandInTheQuery() {
        try (FakeWebServer server = FakeWebServer.answering("{\"auth\":false}");
                WebServerVerifier verifier = new WebServerVerifier(
                        WebServerSettings.withDefaults(server.url("/check?a=b&token={token}&c=d")))) {
            Answers.of(verifier.verify("x&y=z"));

            assertThat(server.requests()).containsExactly("/check?a=b&token=x%26y%3Dz&c=d");
        }
    }

    @Test
    void equalQuestionsShareOneRequestAndLaterOnesAskAgain() {
        try (SlowServer slow = new SlowServer();
                WebServerVerifier verifier = slow.verifier(10, 10, Duration.ofSeconds(20))) {
            List<CompletionStage<TokenVerdict>> same = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                same.add(verifier.verify("same"));
            }
            same.getFirst().toCompletableFuture().cancel(true); // one that goes away takes nobody along

            slow.answerNext(1);

            assertThat(same.subList(1, 100))
                    .allSatisfy(stage -> assertThat(Answers.of(stage)).isInstanceOf(TokenVerdict.Valid.class));
            assertThat(slow.server.requests()).hasSize(1);
            slow.answerNext(1);
            assertThat(Answers.of(verifier.verify("same"))).isInstanceOf(TokenVerdict.Valid.class);
            assertThat(slow.server.requests()).hasSize(2);
        }
    }

    @Test
    void requestsAndWaitingQuestionsAreLimited() {
        try (SlowServer slow = new SlowServer();
                WebServerVerifier verifier = slow.verifier(3, 2, Duration.ofSeconds(20))) {
            List<CompletionStage<TokenVerdict>> asked = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                asked.add(verifier.verify("token" + i));
            }

            assertThat(verifier.inFlight()).isEqualTo(3);
            assertThat(verifier.waiting()).isEqualTo(2);
            assertThat(asked.getLast().toCompletableFuture().join())
                    .isEqualTo(new TokenVerdict.Unavailable("too many questions wait for the web server"));

            await().untilAsserted(() -> assertThat(slow.mostAtOnce.get()).isEqualTo(3));
            slow.answerNext(5);

            assertThat(asked.subList(0, 5))
                    .allSatisfy(stage -> assertThat(Answers.of(stage)).isInstanceOf(TokenVerdict.Valid.class));
            assertThat(slow.mostAtOnce.get()).isEqualTo(3);
            assertThat(verifier.inFlight()).isZero();
            assertThat(verifier.waiting()).isZero();
        }
    }

    @Test
    void timeCountsForQuestionsAskedAndWaitingAlike() {
        try (SlowServer slow = new SlowServer();
                WebServerVerifier verifier = slow.verifier(1, 5, Duration.ofMillis(300))) {
            CompletionStage<TokenVerdict> asked = verifier.verify("asked");
            CompletionStage<TokenVerdict> waiting = verifier.verify("waiting");

            assertThat(Answers.of(asked))
                    .isEqualTo(new TokenVerdict.Unavailable("the web server did not answer within PT0.3S"));
            assertThat(Answers.of(waiting)).isInstanceOf(TokenVerdict.Unavailable.class);
            assertThat(verifier.inFlight()).isZero();
            assertThat(verifier.waiting()).isZero();

            slow.answerNext(100);
            await().untilAsserted(() ->
                    assertThat(Answers.of(verifier.verify("later"))).isInstanceOf(TokenVerdict.Valid.class));
        }
    }

    @Test
    void bodyThatNeverEndsIsCutByTheTimeout() {
        Semaphore end = new Semaphore(0);
        try (FakeWebServer server = new FakeWebServer(exchange -> {
                    exchange.sendResponseHeaders(200, 100);
                    exchange.getResponseBody().write("{\"auth\":".getBytes(StandardCharsets.UTF_8));
                    exchange.getResponseBody().flush();
                    end.acquireUninterruptibly();
                });
                WebServerVerifier verifier = new WebServerVerifier(
                        new WebServerSettings(server.url("/auth/{token}"), Duration.ofMillis(300), 1, 1, 1, ""))) {
            assertThat(Answers.of(verifier.verify("t"))).isInstanceOf(TokenVerdict.Unavailable.class);
            end.release();
        }
    }

    @Test
    void webServerAwayMeansUnavailableUntilItIsBack() {
        int port;
        try (FakeWebServer gone = FakeWebServer.answering("")) {
            port = gone.port();
        }
        try (WebServerVerifier verifier = new WebServerVerifier(
                WebServerSettings.withDefaults("http://127.0.0.1:%d/auth/{token}".formatted(port)))) {
            assertThat(Answers.of(verifier.verify("secret-token")))
                    .isInstanceOfSatisfying(
                            TokenVerdict.Unavailable.class,
                            away -> assertThat(away.why())
                                    .contains("ConnectException")
                                    .doesNotContain("secret-token"));

            try (FakeWebServer _ =
                    new FakeWebServer(exchange -> FakeWebServer.send(exchange, 200, "{\"auth\":true}"), port)) {
                assertThat(Answers.of(verifier.verify("secret-token"))).isInstanceOf(TokenVerdict.Valid.class);
            }
        }
    }

    @Test
    void serverThatSpeaksNoHttpMeansUnavailable() throws Exception {
        try (ServerSocket nonsense = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
                WebServerVerifier verifier = new WebServerVerifier(WebServerSettings.withDefaults(
                        "http://127.0.0.1:%d/{token}".formatted(nonsense.getLocalPort())))) {
            Thread.ofVirtual().start(() -> {
                try (var socket = nonsense.accept()) {
                    socket.getOutputStream().write("SSH-2.0-nonsense\r\n\r\n".getBytes(StandardCharsets.UTF_8));
                } catch (IOException _) {
                    // the verifier hung up first
                }
            });

            assertThat(Answers.of(verifier.verify("t"))).isInstanceOf(TokenVerdict.Unavailable.class);
        }
    }

    @Test
    void closingAnswersWhatIsOpen() {
        try (SlowServer slow = new SlowServer()) {
            WebServerVerifier verifier = slow.verifier(1, 5, Duration.ofSeconds(20));
            CompletionStage<TokenVerdict> asked = verifier.verify("asked");
            CompletionStage<TokenVerdict> waiting = verifier.verify("waiting");

            verifier.close();

            TokenVerdict closed = new TokenVerdict.Unavailable("closed");
            assertThat(asked.toCompletableFuture().join()).isEqualTo(closed);
            assertThat(waiting.toCompletableFuture().join()).isEqualTo(closed);
            assertThat(verifier.verify("later").toCompletableFuture().join()).isEqualTo(closed);
            assertThat(verifier.inFlight()).isZero();
        }
    }

    private static TokenVerdict.Valid valid(Address address, long end, long sinceSeconds, String token) {
        return new TokenVerdict.Valid(address, end, List.of(), sinceSeconds, Fingerprint.of(token));
    }

    private static TokenVerdict verdictFor(String answer) {
        try (FakeWebServer server = FakeWebServer.answering(answer);
                WebServerVerifier verifier = verifier(server)) {
            return Answers.of(verifier.verify("t"));
        }
    }

    private static WebServerVerifier verifier(FakeWebServer server) {
        return new WebServerVerifier(WebServerSettings.withDefaults(server.url("/auth/{token}")));
    }

    /** Says yes, but not before it is told to. */
    private static final class SlowServer implements AutoCloseable {
        private final Semaphore answers = new Semaphore(0);
        private final AtomicInteger now = new AtomicInteger();
        private final AtomicInteger mostAtOnce = new AtomicInteger();
        private final FakeWebServer server = new FakeWebServer(exchange -> {
            mostAtOnce.accumulateAndGet(now.incrementAndGet(), Math::max);
            answers.acquireUninterruptibly();
            now.decrementAndGet();
            FakeWebServer.send(exchange, 200, "{\"auth\":true}");
        });

        void answerNext(int count) {
            answers.release(count);
        }

        WebServerVerifier verifier(int maxInFlight, int maxWaiting, Duration timeout) {
            return new WebServerVerifier(
                    new WebServerSettings(server.url("/auth/{token}"), timeout, maxInFlight, maxWaiting, 10, ""));
        }

        @Override
        public void close() {
            answers.release(1_000);
            server.close();
        }
    }
}
