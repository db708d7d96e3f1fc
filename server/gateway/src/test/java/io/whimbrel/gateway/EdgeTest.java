package io.whimbrel.gateway;

import static io.whimbrel.gateway.FakeVerifier.tokenOf;
import static io.whimbrel.gateway.RawClient.upgrade;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.whimbrel.auth.TokenVerdict;
import io.whimbrel.gateway.GatewaySettings.Edge;
import io.whimbrel.model.Address;
import io.whimbrel.model.Topic;
import io.whimbrel.ops.TlsFiles;
import io.whimbrel.ops.TrustedProxies;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How connections come in: TLS, proxies, the limits on who may, and what a token lets them receive. */
class EdgeTest {
    private static final TrustedProxies LOOPBACK = TrustedProxies.of(List.of("127.0.0.0/8"));

    // TLS

    @Test
    void clientsOfTlsExchangeMessagesAndKeepTheirConnectionWhenTheCertificateIsReplaced(@TempDir Path folder)
            throws Exception {
        TestCertificate old = new TestCertificate();
        TestCertificate renewed = new TestCertificate();
        old.writeTo(folder);

        try (TlsFiles files = TestCertificate.open(folder);
                TestGateway gateway = new TestGateway(TestGateway.settings(), TrustedProxies.NONE, files)) {
            Address address = gateway.verifier.newClient();
            try (RawClient before = new RawClient(old.newSocket(), gateway.port(), 0)) {
                assertThat(before.handshake(tokenOf(address))).startsWith("HTTP/1.1 101 ");
                renewed.writeTo(folder);
                await().ignoreExceptionsInstanceOf(IOException.class).untilAsserted(() -> {
                    SSLSocket socket = (SSLSocket) renewed.newSocket();
                    try (RawClient after = new RawClient(socket, gateway.port(), 0)) {
                        assertThat(after.handshake(tokenOf(address))).startsWith("HTTP/1.1 101 ");
                        assertThat(socket.getSession().getPeerCertificates()[0]).isEqualTo(renewed.certificate());
                    }
                });

                gateway.publish(address, "\"" + "x".repeat(100_000) + "\"");

                assertThat(before.readMessage().text()).startsWith("{\"message\":\"xxx");
            }
        }
    }

    @Test
    void aClientThatDoesNotSpeakTlsIsRefusedAndCounted(@TempDir Path folder) throws Exception {
        new TestCertificate().writeTo(folder);

        try (TlsFiles files = TestCertificate.open(folder);
                TestGateway gateway = new TestGateway(TestGateway.settings(), TrustedProxies.NONE, files);
                RawClient raw = new RawClient(gateway.port())) {
            raw.send(upgrade("/ws").getBytes(StandardCharsets.US_ASCII));

            await().untilAsserted(() -> assertThat(gateway.metric("whimbrel.gateway.refused", "reason", "unreadable"))
                    .isEqualTo(1));
        }
    }

    @Test
    void aTlsHandshakeThatIsNotCompleteInTimeIsEnded(@TempDir Path folder) throws Exception {
        new TestCertificate().writeTo(folder);
        var timing = new GatewaySettings.Timing(
                Duration.ofMillis(300),
                Duration.ofSeconds(25),
                Duration.ofSeconds(8),
                Duration.ofSeconds(1),
                Duration.ZERO,
                Duration.ZERO,
                Duration.ZERO,
                Duration.ofSeconds(40));

        try (TlsFiles files = TestCertificate.open(folder);
                TestGateway gateway =
                        new TestGateway(TestGateway.settings().withTiming(timing), TrustedProxies.NONE, files);
                RawClient raw = new RawClient(gateway.port())) {
            raw.send(new byte[] {0x16, 0x03, 0x01});

            await().untilAsserted(() ->
                    assertThat(gateway.metric("whimbrel.gateway.connections")).isZero());
        }
    }

    // Proxies

    @ParameterizedTest
    @ValueSource(strings = {"1", "2"})
    void theClientIsWhomThePROXYHeaderNames(String version) throws IOException {
        try (TestGateway gateway = new TestGateway(edge(new Edge(true, 16_384, 0, 1, 0, 1)), LOOPBACK, null);
                RawClient first = proxied(gateway, version, 1);
                RawClient other = proxied(gateway, version, 2);
                RawClient again = proxied(gateway, version, 1)) {
            assertThat(again.readMessage().closing()).isEqualTo("3504 connection limit");
            assertThat(gateway.metric("whimbrel.gateway.closes", "reason", "connection-limit"))
                    .isEqualTo(1);
        }
    }

    private static RawClient proxied(TestGateway gateway, String version, int lastByte) throws IOException {
        RawClient client = new RawClient(gateway.port());
        if (version.equals("1")) {
            client.send(("PROXY TCP4 203.0.113." + lastByte + " 10.0.0.1 40000 7071\r\n")
                    .getBytes(StandardCharsets.US_ASCII));
        } else {
            client.send(new byte[] {0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A});
            client.send(new byte[] {0x21, 0x11, 0, 12, (byte) 203, 0, 113, (byte) lastByte, 10, 0, 0, 1, 1, 1, 2, 2});
        }
        assertThat(client.handshake(tokenOf(gateway.verifier.newClient()))).startsWith("HTTP/1.1 101 ");
        return client;
    }

    @Test
    void aConnectionWithoutAPROXYHeaderIsRefused() throws IOException {
        try (TestGateway gateway = new TestGateway(edge(new Edge(true, 16_384, 0, 0, 0, 1)), LOOPBACK, null);
                RawClient raw = new RawClient(gateway.port())) {
            raw.send(upgrade("/ws?token=" + tokenOf(gateway.verifier.newClient()))
                    .getBytes(StandardCharsets.US_ASCII));

            await().untilAsserted(() -> assertThat(gateway.metric("whimbrel.gateway.refused", "reason", "unreadable"))
                    .isEqualTo(1));
            assertThat(gateway.metric("whimbrel.gateway.sessions")).isZero();
        }
    }

    @Test
    void aPROXYHeaderOfAStrangerIsNotRead() throws IOException {
        try (TestGateway gateway =
                        new TestGateway(edge(new Edge(true, 16_384, 0, 0, 0, 1)), TrustedProxies.NONE, null);
                RawClient raw = new RawClient(gateway.port())) {
            raw.send("PROXY TCP4 203.0.113.1 10.0.0.1 40000 7071\r\n".getBytes(StandardCharsets.US_ASCII));

            await().untilAsserted(() -> assertThat(gateway.metric("whimbrel.gateway.refused", "reason", "unreadable"))
                    .isEqualTo(1));
        } catch (java.net.SocketException _) {
            // The gateway may have ended the connection before the header was sent.
        }
    }

    @Test
    void xForwardedForCountsFromTrustedProxiesOnly() throws IOException {
        GatewaySettings onePerSource = edge(new Edge(false, 16_384, 0, 1, 0, 1));

        try (TestGateway trusting = new TestGateway(onePerSource, LOOPBACK, null);
                TestGateway distrusting = new TestGateway(onePerSource, TrustedProxies.NONE, null);
                RawClient one = forwarded(trusting, "198.51.100.1");
                RawClient two = forwarded(trusting, "198.51.100.2");
                RawClient three = forwarded(distrusting, "198.51.100.1");
                RawClient four = forwarded(distrusting, "198.51.100.2")) {
            assertThat(four.readMessage().closing()).isEqualTo("3504 connection limit");
            // A session is counted behind the answer to its handshake.
            await().untilAsserted(() ->
                    assertThat(trusting.metric("whimbrel.gateway.sessions")).isEqualTo(2));
            assertThat(List.of(one, two, three)).doesNotContainNull();
        }
    }

    private static RawClient forwarded(TestGateway gateway, String client) throws IOException {
        RawClient raw = new RawClient(gateway.port());
        String token = tokenOf(gateway.verifier.newClient());
        assertThat(raw.exchange(upgrade("/ws?token=" + token, "X-Forwarded-For: " + client)))
                .startsWith("HTTP/1.1 101 ");
        return raw;
    }

    // Limits

    @Test
    void aClientHasAsManyConnectionsAsItMayAndGetsAPlaceBack() throws IOException {
        try (TestGateway gateway =
                new TestGateway(edge(new Edge(false, 16_384, 2, 0, 0, 1)), TrustedProxies.NONE, null)) {
            Address address = gateway.verifier.newClient();
            RawClient first = gateway.open(address);
            try (RawClient second = gateway.open(address);
                    RawClient third = gateway.open(address);
                    RawClient somebodyElse = gateway.open(gateway.verifier.newClient())) {
                assertThat(third.readMessage().closing()).isEqualTo("3504 connection limit");

                first.close();

                await().untilAsserted(() -> {
                    try (RawClient fourth = gateway.open(address)) {
                        gateway.publish(address, "1");
                        assertThat(fourth.readMessage().text()).startsWith("{\"message\":1");
                    }
                });
                assertThat(List.of(second, somebodyElse)).doesNotContainNull();
            }
        }
    }

    @Test
    void handshakesBeyondTheRateAreToldToComeBack() throws IOException {
        long begin = System.nanoTime();
        try (TestGateway gateway =
                        new TestGateway(edge(new Edge(false, 16_384, 0, 0, 1, 2)), TrustedProxies.NONE, null);
                RawClient one = gateway.open(gateway.verifier.newClient());
                RawClient two = gateway.open(gateway.verifier.newClient())) {
            int more = 0;
            String answer = answerToOneMore(gateway);
            while (answer.startsWith("HTTP/1.1 101 ") && more < 10) {
                more++;
                answer = answerToOneMore(gateway);
            }

            assertThat(answer).startsWith("HTTP/1.1 503 ").contains("Retry-After: 5");
            assertThat(Duration.ofNanos(System.nanoTime() - begin))
                    .as("each second that passed let one more in")
                    .isGreaterThanOrEqualTo(Duration.ofSeconds(more));
            assertThat(gateway.metric("whimbrel.gateway.refused", "reason", "rate"))
                    .isEqualTo(1);
            assertThat(List.of(one, two)).doesNotContainNull();
        }
    }

    private static String answerToOneMore(TestGateway gateway) throws IOException {
        try (RawClient client = new RawClient(gateway.port())) {
            return client.handshake(tokenOf(gateway.verifier.newClient()));
        }
    }

    @Test
    void headersBeyondTheLimitAreRefused() throws IOException {
        try (TestGateway gateway = new TestGateway(edge(new Edge(false, 1024, 0, 0, 0, 1)), TrustedProxies.NONE, null);
                RawClient raw = new RawClient(gateway.port())) {
            assertThat(raw.exchange(upgrade("/ws", "X-Filler: " + "x".repeat(2000))))
                    .startsWith("HTTP/1.1 431 ");
        }
    }

    @Test
    void anOldConnectionIsSentAwayToComeBack() throws IOException {
        var timing = new GatewaySettings.Timing(
                Duration.ofSeconds(10),
                Duration.ofSeconds(25),
                Duration.ofSeconds(8),
                Duration.ofSeconds(1),
                Duration.ZERO,
                Duration.ZERO,
                Duration.ofMillis(200),
                Duration.ofSeconds(40));

        try (TestGateway gateway = new TestGateway(TestGateway.settings().withTiming(timing));
                RawClient raw = gateway.open(gateway.verifier.newClient())) {
            assertThat(raw.readMessage().closing()).isEqualTo("3011 force reconnect");
        }
    }

    // Topics

    @Test
    void aTokensTopicsAreReceivedBesideTheAddressAndLingerAfterwards() throws IOException {
        Topic news = new Topic("news \"today\"");
        Topic sport = new Topic("sport");
        var timing = new GatewaySettings.Timing(
                Duration.ofSeconds(10),
                Duration.ofSeconds(25),
                Duration.ofSeconds(8),
                Duration.ofSeconds(1),
                Duration.ZERO,
                Duration.ofSeconds(2),
                Duration.ZERO,
                Duration.ofSeconds(40));

        try (TestGateway gateway = new TestGateway(TestGateway.settings().withTiming(timing))) {
            Address reader = gateway.verifier.newClient();
            gateway.verifier.answer(
                    tokenOf(reader), new TokenVerdict.Valid(reader, TokenVerdict.Valid.NEVER, List.of(news, sport)));
            Address other = gateway.verifier.newClient();
            try (RawClient subscribed = gateway.open(reader);
                    RawClient bystander = gateway.open(other)) {
                gateway.broker.publish(new io.whimbrel.model.Publication("n1", news, 7, null, new byte[] {'1'}));
                gateway.publish(reader, "2");
                gateway.publish(other, "3");

                assertThat(subscribed.readMessage().text())
                        .isEqualTo("{\"message\":1,\"id\":\"n1\",\"time\":7,\"topic\":\"news \\\"today\\\"\"}");
                assertThat(subscribed.readMessage().text()).isEqualTo(TestGateway.frame(1, "2"));
                assertThat(bystander.readMessage().text()).isEqualTo(TestGateway.frame(2, "3"));
            }
            await().untilAsserted(() ->
                    assertThat(gateway.metric("whimbrel.gateway.sessions")).isZero());
            await().untilAsserted(() -> assertThat(gateway.broker.topics())
                    .as("addresses go at once")
                    .containsExactlyInAnyOrder(news, sport));
            await().untilAsserted(() -> assertThat(gateway.broker.topics()).isEmpty());
        }
    }

    @Test
    void newConnectionsAreTurnedAwayWhileTheOutboxesHoldNearlyAllTheyMay() throws IOException {
        var limits = new GatewaySettings.Limits(1_000, 65_536, 4 << 20, 10_000, 1 << 20, 1L << 26, 65_536);
        String json = "\"" + "x".repeat(60_000) + "\"";

        try (TestGateway gateway = new TestGateway(TestGateway.settings().withLimits(limits))) {
            Address stopped = gateway.verifier.newClient();
            try (RawClient sleeper = new RawClient(gateway.port(), 4096)) {
                sleeper.handshake(tokenOf(stopped));
                // One by one, so that the budget fills in small steps and is not overrun, which would close the
                // sleeper.
                for (int n = 1; gateway.metric("whimbrel.gateway.outbox.bytes") < 900_000; n++) {
                    int published = n;
                    gateway.publish(stopped, json);
                    await().pollDelay(Duration.ZERO)
                            .pollInterval(Duration.ofMillis(1))
                            .until(() -> gateway.metric("whimbrel.gateway.deliveries") >= published);
                }
                try (RawClient late = gateway.open(gateway.verifier.newClient())) {
                    assertThat(late.readMessage().closing()).isEqualTo("3004 gateway overloaded, try again");
                }
            }
            await().untilAsserted(() ->
                    assertThat(gateway.metric("whimbrel.gateway.outbox.bytes")).isZero());
            try (RawClient welcome = gateway.open(gateway.verifier.newClient())) {
                assertThat(welcome).isNotNull();
            }
        }
    }

    private static GatewaySettings edge(Edge edge) {
        return TestGateway.settings().withEdge(edge);
    }
}
