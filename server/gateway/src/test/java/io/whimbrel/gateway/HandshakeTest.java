package io.whimbrel.gateway;

import static io.whimbrel.gateway.FakeVerifier.tokenOf;
import static io.whimbrel.gateway.RawClient.upgrade;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import io.whimbrel.auth.TokenVerdict;
import io.whimbrel.broker.BrokerUnavailableException;
import io.whimbrel.model.Address;
import io.whimbrel.model.Topic;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class HandshakeTest {
    private TestGateway gateway;

    @BeforeEach
    void start() throws IOException {
        gateway = new TestGateway();
    }

    @AfterEach
    void stop() {
        gateway.close();
    }

    /** The key and answer of RFC 6455 §1.3. */
    @Test
    void isAnsweredAsTheRfcSays() throws IOException {
        Address client = gateway.verifier.newClient();

        try (RawClient raw = new RawClient(gateway.port())) {
            assertThat(raw.handshake(tokenOf(client)))
                    .isEqualTo("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                            + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/", "/ws", "/ws/", "/any/other?a=b", "/ws?x=%41"})
    void takesTheTokenFromTheAuthorizationHeaderOnAnyPath(String path) throws IOException {
        Address client = gateway.verifier.newClient();

        try (RawClient raw = new RawClient(gateway.port())) {
            String answer = raw.exchange(upgrade(path, "authorization: bearer " + tokenOf(client)));
            gateway.publish(client, "1");

            assertThat(answer).startsWith("HTTP/1.1 101 ");
            assertThat(raw.readMessage().text()).isEqualTo(TestGateway.frame(1, "1"));
        }
    }

    @Test
    void takesTheTokenFromASubprotocolAndNeverEchoesIt() throws IOException {
        Address client = gateway.verifier.newClient();

        try (RawClient raw = new RawClient(gateway.port())) {
            String answer = raw.exchange(
                    upgrade("/ws", "Sec-WebSocket-Protocol: whimbrel, whimbrel.bearer." + tokenOf(client)));
            gateway.publish(client, "1");

            assertThat(answer).contains("Sec-WebSocket-Protocol: whimbrel\r\n").doesNotContain(tokenOf(client));
            assertThat(raw.readMessage().text()).isEqualTo(TestGateway.frame(1, "1"));
        }
    }

    @Test
    void refusesASubprotocolWithTheTokenAlone() throws IOException {
        Address client = gateway.verifier.newClient();

        try (RawClient raw = new RawClient(gateway.port())) {
            assertThat(raw.exchange(upgrade("/ws", "Sec-WebSocket-Protocol: whimbrel.bearer." + tokenOf(client))))
                    .startsWith("HTTP/1.1 400 ");
        }
    }

    @Test
    void closesWithACodeABrowserCanRead() throws IOException {
        gateway.verifier.answer("old", new TokenVerdict.Expired());
        gateway.verifier.answer("unknown", new TokenVerdict.Unavailable("the web server is away"));

        assertThat(closingOf("/ws?token=wrong")).isEqualTo("3500 invalid token");
        assertThat(closingOf("/ws?token=")).isEqualTo("3500 invalid token");
        assertThat(closingOf("/ws?token=%zz")).isEqualTo("3500 invalid token");
        assertThat(closingOf("/ws")).isEqualTo("3500 invalid token");
        assertThat(closingOf("/ws?token=old")).isEqualTo("3005 connection expired");
        assertThat(closingOf("/ws?token=unknown")).isEqualTo("3004 web server away, try again");
    }

    @Test
    void isAnsweredOnlyWhenTheClientCanBeReached() throws IOException {
        Address client = gateway.verifier.newClient();
        CompletableFuture<Void> subscribed = gateway.broker.holdSubscriptions();

        try (RawClient raw = new RawClient(gateway.port())) {
            raw.send(upgrade("/ws?token=" + tokenOf(client)).getBytes(ISO_8859_1));
            await().until(() -> gateway.broker.topics().contains(Topic.of(client)));
            gateway.publish(client, "\"before the answer\"");
            subscribed.complete(null);

            assertThat(raw.readHead()).startsWith("HTTP/1.1 101 ");
            assertThat(raw.readMessage().text()).isEqualTo(TestGateway.frame(1, "\"before the answer\""));
        }
    }

    @Test
    void whenTheBrokerIsAwayTheClientIsToldToTryAgain() throws IOException {
        Address client = gateway.verifier.newClient();
        gateway.broker.goAway();

        assertThat(closingOf("/ws?token=" + tokenOf(client))).isEqualTo("3004 broker away, try again");
        assertThat(gateway.health.problems()).containsEntry("broker", "away");
        await().untilAsserted(() -> assertThat(gateway.broker.topics()).isEmpty());
    }

    @Test
    void aSubscriptionThatFailsLaterClosesTheClientToo() throws IOException {
        Address client = gateway.verifier.newClient();
        CompletableFuture<Void> subscribed = gateway.broker.holdSubscriptions();

        try (RawClient raw = new RawClient(gateway.port())) {
            raw.send(upgrade("/ws?token=" + tokenOf(client)).getBytes(ISO_8859_1));
            await().until(() -> gateway.broker.topics().contains(Topic.of(client)));
            subscribed.completeExceptionally(new BrokerUnavailableException("no answer"));

            assertThat(raw.readHead()).startsWith("HTTP/1.1 101 ");
            assertThat(raw.readMessage().closing()).isEqualTo("3004 broker away, try again");
        }
    }

    @Test
    void aClientThatLeavesWhileItsTokenIsVerifiedLeavesNothingBehind() throws IOException {
        CompletableFuture<TokenVerdict> verdict = gateway.verifier.answerLater("slow");
        Address client = Address.random();

        try (RawClient raw = new RawClient(gateway.port())) {
            raw.send(upgrade("/ws?token=slow").getBytes(ISO_8859_1));
            await().until(() -> gateway.metric("whimbrel.gateway.connections") == 1);
        }
        verdict.complete(new TokenVerdict.Valid(client, TokenVerdict.Valid.NEVER));

        await().untilAsserted(() -> {
            assertThat(gateway.broker.topics()).isEmpty();
            assertThat(gateway.metric("whimbrel.gateway.connections")).isZero();
            assertThat(gateway.metric("whimbrel.gateway.topics")).isZero();
        });
    }

    @Test
    void bytesThatComeTooEarlyAreNotLost() throws IOException {
        Address client = gateway.verifier.newClient();

        try (RawClient raw = new RawClient(gateway.port())) {
            raw.send(ClientFrames.concat(
                    upgrade("/ws?token=" + tokenOf(client)).getBytes(ISO_8859_1), ClientFrames.ping("early")));

            assertThat(raw.readHead()).startsWith("HTTP/1.1 101 ");
            assertThat(raw.readMessage().text()).isEqualTo("early");
        }
    }

    @Test
    void aTokenThatEndsWhileTheClientIsConnectedClosesIt() throws IOException {
        Address client = Address.random();
        gateway.verifier.answer(
                "short", new TokenVerdict.Valid(client, Instant.now().getEpochSecond() + 1));

        try (RawClient raw = RawClient.open(gateway.port(), "short")) {
            assertThat(raw.readMessage().closing()).isEqualTo("3005 connection expired");
        }
    }

    @Test
    void aTokenThatEndsInAMillionYearsDoesNotEndNow() throws IOException {
        Address client = gateway.verifier.newClient();
        gateway.verifier.answer("long", new TokenVerdict.Valid(client, Long.MAX_VALUE / 100));

        try (RawClient raw = RawClient.open(gateway.port(), "long")) {
            gateway.publish(client, "1");

            assertThat(raw.readMessage().text()).isEqualTo(TestGateway.frame(1, "1"));
        }
    }

    static Stream<Arguments> broken() {
        String good = upgrade("/ws?token=x");
        String manyHeaders = "X-Long: " + "x".repeat(100) + "\r\n";
        return Stream.of(
                argumentSet("garbage", "\1\2\3\4\r\n\r\n", 400),
                argumentSet("no HTTP", "HELLO\r\n\r\n", 400),
                argumentSet("TLS hello", "\u0016\3\1\2\0\1\0\1\u00fc\3\3\r\n\r\n", 400),
                argumentSet("HTTP/1.0", good.replace("HTTP/1.1", "HTTP/1.0"), 400),
                argumentSet("POST", good.replace("GET", "POST"), 405),
                argumentSet("no Host", good.replace("Host: test\r\n", ""), 400),
                argumentSet("two Hosts", good.replace("Host: test\r\n", "Host: a\r\nHost: b\r\n"), 400),
                argumentSet("no upgrade", good.replace("Upgrade: websocket\r\n", ""), 426),
                argumentSet("another upgrade", good.replace("Upgrade: websocket", "Upgrade: h2c"), 426),
                argumentSet("no connection upgrade", good.replace("keep-alive, Upgrade", "keep-alive"), 426),
                argumentSet("version 8", good.replace("Version: 13", "Version: 8"), 426),
                argumentSet("no key", good.replaceAll("Sec-WebSocket-Key.*\r\n", ""), 400),
                argumentSet("empty key", good.replaceAll("Sec-WebSocket-Key.*\r\n", "Sec-WebSocket-Key:\r\n"), 400),
                argumentSet("short key", good.replaceAll("Key: .*\r\n", "Key: AAAA\r\n"), 400),
                argumentSet(
                        "two keys",
                        good.replace(
                                "Sec-WebSocket-Key",
                                "Sec-WebSocket-Key: QUFBQUFBQUFBQUFBQUFBQQ==\r\nSec-WebSocket-Key"),
                        400),
                argumentSet("body", good.replace("\r\n\r\n", "\r\nContent-Length: 5\r\n\r\nhello"), 400),
                argumentSet(
                        "chunked body",
                        good.replace("\r\n\r\n", "\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
                        400),
                argumentSet(
                        "two lengths",
                        good.replace("\r\n\r\n", "\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"),
                        400),
                argumentSet("NUL in a header", good.replace("Host: test", "Host: te\0st"), 400),
                argumentSet(
                        "20,000 headers", good.replace("\r\n\r\n", "\r\n" + "A: b\r\n".repeat(20_000) + "\r\n"), 431),
                argumentSet(
                        "headers of 100 KB", good.replace("\r\n\r\n", "\r\n" + manyHeaders.repeat(1000) + "\r\n"), 431),
                argumentSet("line of 100 KB", good.replace("token=x", "token=" + "x".repeat(100_000)), 414));
    }

    @ParameterizedTest
    @MethodSource("broken")
    void aBrokenRequestIsRefusedAndNeverUpgraded(String request, int status) throws IOException {
        try (RawClient raw = new RawClient(gateway.port())) {
            assertThat(raw.exchange(request)).startsWith("HTTP/1.1 " + status + " ");
        }
        assertThat(gateway.metric("whimbrel.gateway.refused", "reason", "http-" + status))
                .isEqualTo(1);
    }

    @Test
    void theOriginIsCheckedWhereOriginsAreSet() throws IOException {
        try (TestGateway narrow = new TestGateway(TestGateway.settings().withOrigins(Set.of("https://a.example")))) {
            Address client = narrow.verifier.newClient();

            assertThat(statusFrom(narrow, client, "Origin: https://a.example")).isEqualTo("101");
            assertThat(statusFrom(narrow, client, "Origin: https://b.example")).isEqualTo("403");
            assertThat(statusFrom(narrow, client, "X-No-Origin: 1")).isEqualTo("101");
        }
        assertThat(statusFrom(gateway, gateway.verifier.newClient(), "Origin: https://anything"))
                .isEqualTo("101");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "GET /ws HT", "GET /ws HTTP/1.1\r\nHost: x\r\n"})
    void aRequestThatIsNotCompleteInTimeIsRefused(String begun) throws IOException {
        var timing = new GatewaySettings.Timing(
                Duration.ofMillis(300),
                Duration.ofSeconds(25),
                Duration.ofSeconds(8),
                Duration.ofSeconds(1),
                Duration.ZERO,
                Duration.ZERO,
                Duration.ZERO,
                Duration.ofSeconds(40));

        try (TestGateway quick = new TestGateway(TestGateway.settings().withTiming(timing));
                RawClient raw = new RawClient(quick.port())) {
            raw.send(begun.getBytes(ISO_8859_1));

            assertThat(raw.readHead()).startsWith("HTTP/1.1 408 ");
        }
    }

    @Test
    void oneByteASecondDoesNotProlongTheTime() throws IOException {
        var timing = new GatewaySettings.Timing(
                Duration.ofMillis(300),
                Duration.ofSeconds(25),
                Duration.ofSeconds(8),
                Duration.ofSeconds(1),
                Duration.ZERO,
                Duration.ZERO,
                Duration.ZERO,
                Duration.ofSeconds(40));

        try (TestGateway quick = new TestGateway(TestGateway.settings().withTiming(timing));
                RawClient raw = new RawClient(quick.port())) {
            CompletableFuture<String> answer = CompletableFuture.supplyAsync(() -> {
                try {
                    return raw.readHead();
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            });
            byte[] request = upgrade("/ws").getBytes(ISO_8859_1);
            for (int i = 0; i < request.length - 10 && !answer.isDone(); i++) {
                raw.send(new byte[] {request[i]});
                java.util.concurrent.locks.LockSupport.parkNanos(10_000_000);
            }

            assertThat(answer.join()).startsWith("HTTP/1.1 408 ");
        }
    }

    @Test
    void connectionsBeyondTheLimitAreTurnedAway() throws IOException {
        var limits = new GatewaySettings.Limits(2, 65_536, 1 << 20, 1_000, 1 << 26, 1 << 20, 65_536);

        try (TestGateway small = new TestGateway(TestGateway.settings().withLimits(limits));
                RawClient first = small.open(small.verifier.newClient());
                RawClient second = small.open(small.verifier.newClient());
                RawClient third = new RawClient(small.port())) {
            assertThat(third.readHead()).startsWith("HTTP/1.1 503 ").contains("Retry-After: ");
            first.close();
            await().until(() -> small.metric("whimbrel.gateway.connections") == 1);
            small.open(small.verifier.newClient()).close();
        }
    }

    private String closingOf(String target) throws IOException {
        try (RawClient raw = new RawClient(gateway.port())) {
            assertThat(raw.exchange(upgrade(target))).startsWith("HTTP/1.1 101 ");
            String closing = raw.readMessage().closing();
            raw.send(ClientFrames.close(1000, ""));
            assertThat(raw.readToEnd()).as("a second frame after Close").isEmpty();
            return closing;
        }
    }

    private static String statusFrom(TestGateway gateway, Address client, String header) throws IOException {
        try (RawClient raw = new RawClient(gateway.port())) {
            return raw.exchange(upgrade("/ws?token=" + tokenOf(client), header)).substring(9, 12);
        }
    }
}
