package io.whimbrel.gateway;

import static io.whimbrel.gateway.ClientFrames.CLOSE;
import static io.whimbrel.gateway.ClientFrames.FIN;
import static io.whimbrel.gateway.ClientFrames.PING;
import static io.whimbrel.gateway.ClientFrames.PONG;
import static io.whimbrel.gateway.ClientFrames.RSV1;
import static io.whimbrel.gateway.ClientFrames.TEXT;
import static io.whimbrel.gateway.ClientFrames.close;
import static io.whimbrel.gateway.ClientFrames.concat;
import static io.whimbrel.gateway.ClientFrames.frame;
import static io.whimbrel.gateway.ClientFrames.text;
import static io.whimbrel.gateway.ClientFrames.unmasked;
import static io.whimbrel.gateway.FakeVerifier.tokenOf;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.whimbrel.model.Address;
import java.io.IOException;
import java.time.Duration;
import java.util.stream.Stream;
import java.util.zip.Inflater;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.LoggerFactory;

class SessionTest {
    private final ListAppender<ILoggingEvent> logged = new ListAppender<>();
    private final Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    private TestGateway gateway;

    @BeforeEach
    void start() throws IOException {
        logged.start();
        root.addAppender(logged);
        gateway = new TestGateway();
    }

    /** Whatever a client does, it is never an exception in a log. */
    @AfterEach
    void stop() {
        gateway.close();
        root.detachAppender(logged);
        assertThat(logged.list).noneMatch(event -> event.getLevel().isGreaterOrEqual(Level.WARN));
    }

    // Delivery

    @Test
    void receivesWhatIsPublishedInOrder() throws IOException {
        Address client = gateway.verifier.newClient();

        try (RawClient raw = gateway.open(client)) {
            for (int i = 1; i <= 1000; i++) {
                gateway.publish(client, Integer.toString(i));
            }

            for (int i = 1; i <= 1000; i++) {
                assertThat(raw.readMessage().text()).isEqualTo(TestGateway.frame(i, Integer.toString(i)));
            }
        }
    }

    @Test
    void receivesMessagesOfEveryLengthForm() throws IOException {
        Address client = gateway.verifier.newClient();

        try (RawClient raw = gateway.open(client)) {
            int n = 0;
            for (int length : new int[] {1, 80, 100, 125, 126, 1000, 65_480, 65_536, 70_000, 500_000}) {
                String json = "\"" + "é".repeat(length / 2) + "\"";
                gateway.publish(client, json);
                assertThat(raw.readMessage().text()).isEqualTo(TestGateway.frame(++n, json));
            }
        }
    }

    @Test
    void twoTabsOfOneAddressBothReceiveAndNobodyElseDoes() throws IOException {
        Address client = gateway.verifier.newClient();
        Address other = gateway.verifier.newClient();

        try (RawClient first = gateway.open(client);
                RawClient second = gateway.open(client);
                RawClient stranger = gateway.open(other)) {
            gateway.publish(client, "1");
            gateway.publish(other, "2");

            assertThat(first.readMessage().text()).isEqualTo(TestGateway.frame(1, "1"));
            assertThat(second.readMessage().text()).isEqualTo(TestGateway.frame(1, "1"));
            assertThat(stranger.readMessage().text()).isEqualTo(TestGateway.frame(2, "2"));
        }
    }

    @Test
    void theSubscriptionEndsWithTheLastTab() throws IOException {
        Address client = gateway.verifier.newClient();
        RawClient first = gateway.open(client);
        RawClient second = gateway.open(client);

        first.close();
        await().until(() -> gateway.metric("whimbrel.gateway.sessions") == 1);
        assertThat(gateway.broker.topics()).hasSize(1);
        second.close();

        await().untilAsserted(() -> assertThat(gateway.broker.topics()).isEmpty());
        assertThat(gateway.metric("whimbrel.gateway.sessions")).isZero();
    }

    @Test
    void recordsOfTheOriginalReachAddressTokenAndForeignToken() throws IOException {
        Address client = gateway.verifier.newClient();
        Address sender = gateway.verifier.newClient();
        Address foreign = io.whimbrel.auth.Addresses.ofForeignToken("foreign-token");
        gateway.verifier.answer("foreign-token", new io.whimbrel.auth.TokenVerdict.Valid(foreign, Long.MAX_VALUE));

        try (RawClient raw = gateway.open(client);
                RawClient foreigner = RawClient.open(gateway.port(), "foreign-token")) {
            plain("{\"uuid_remote\":\"%s\",\"uuid_local\":\"%s\",\"message\":1,\"id\":\"a\"}"
                    .formatted(client, tokenOf(sender)));
            plain("{\"uuid_remote\":\"%s\",\"uuid_local\":\"no token\",\"message\":2,\"id\":\"b\"}"
                    .formatted(tokenOf(client)));
            plain("{\"uuid_remote\":\"%s\",\"message\":\"ours\",\"whimbrel\":\"id\"}".formatted(client));
            plain("no record");
            plain("{\"uuid_remote\":\"foreign-token\",\"uuid_local\":\"%s\",\"message\":3,\"id\":\"c\"}"
                    .formatted(sender));
            plain("{\"uuid_remote\":\"%s\",\"message\":4,\"id\":\"d\"}".formatted(client));

            assertThat(raw.readMessage().text())
                    .startsWith("{\"message\":1,\"id\":\"a\",\"from\":\"%s\",\"time\":1".formatted(sender));
            assertThat(raw.readMessage().text()).startsWith("{\"message\":2,\"id\":\"b\",\"time\":1");
            assertThat(raw.readMessage().text()).startsWith("{\"message\":4,\"id\":\"d\",\"time\":1");
            assertThat(foreigner.readMessage().text())
                    .startsWith("{\"message\":3,\"id\":\"c\",\"from\":\"%s\"".formatted(sender));
        }
        assertThat(gateway.metric("whimbrel.gateway.plain.records", "outcome", "own"))
                .isEqualTo(1);
        assertThat(gateway.metric("whimbrel.gateway.plain.records", "outcome", "malformed"))
                .isEqualTo(1);
    }

    private void plain(String record) {
        gateway.broker.plainRecord("article", record.getBytes(UTF_8));
    }

    // Frames of the client

    @Test
    void whatMeansNothingIsAnsweredWithNothing() throws IOException {
        try (RawClient raw = gateway.open(gateway.verifier.newClient())) {
            raw.send(concat(
                    text("hello"),
                    frame(FIN | 2, new byte[] {(byte) 0xFF}),
                    frame(TEXT, "é".getBytes(UTF_8)),
                    frame(FIN | PONG, new byte[3]),
                    frame(FIN, new byte[0]),
                    text("x".repeat(65_536)),
                    ClientFrames.ping("are you there?")));

            RawClient.Frame answer = raw.readMessage();

            assertThat(answer.firstByte()).isEqualTo(FIN | PONG);
            assertThat(answer.text()).isEqualTo("are you there?");
        }
    }

    static Stream<Arguments> violations() {
        byte[] half = {(byte) 0xC3};
        return Stream.of(
                argumentSet("not masked", unmasked(FIN | TEXT, new byte[1]), "1002 protocol error"),
                argumentSet("reserved bit", frame(FIN | RSV1 | TEXT, new byte[1]), "1002 protocol error"),
                argumentSet("unknown opcode", frame(FIN | 5, new byte[1]), "1002 protocol error"),
                argumentSet("ping of 126", frame(FIN | PING, new byte[126]), "1002 protocol error"),
                argumentSet("close code 999", close(999, ""), "1002 protocol error"),
                argumentSet("close code 1005", close(1005, ""), "1002 protocol error"),
                argumentSet("close code 1006", close(1006, ""), "1002 protocol error"),
                argumentSet("close code 5000", close(5000, ""), "1002 protocol error"),
                argumentSet("half a close code", frame(FIN | CLOSE, new byte[1]), "1002 protocol error"),
                argumentSet(
                        "close reason not UTF-8",
                        frame(FIN | CLOSE, new byte[] {3, (byte) 0xE8, (byte) 0xC3}),
                        "1007 invalid UTF-8"),
                argumentSet("text not UTF-8", frame(FIN | TEXT, half), "1007 invalid UTF-8"),
                argumentSet(
                        "text not UTF-8 in parts", concat(frame(TEXT, half), frame(FIN, half)), "1007 invalid UTF-8"),
                argumentSet("64 KiB and one byte", text("x".repeat(65_537)), "1009 message too big"),
                argumentSet("1 GiB announced", frame(FIN | TEXT, 8, 1L << 30, new byte[9]), "1009 message too big"),
                argumentSet("an HTTP request", "GET / HTTP/1.1\r\n\r\n".getBytes(UTF_8), "1002 protocol error"));
    }

    @ParameterizedTest
    @MethodSource("violations")
    void aViolationGetsOneCloseFrameWithItsCode(byte[] bytes, String closing) throws IOException {
        try (RawClient raw = gateway.open(gateway.verifier.newClient())) {
            raw.send(concat(bytes, ClientFrames.ping("ignored")));

            assertThat(raw.readMessage().closing()).isEqualTo(closing);
            assertThat(raw.readToEnd()).as("after the Close frame").isEmpty();
        }
    }

    @Test
    void aCloseIsAnsweredWithItsCodeOnceAndEndsTheConnection() throws IOException {
        try (RawClient coded = gateway.open(gateway.verifier.newClient());
                RawClient bare = gateway.open(gateway.verifier.newClient())) {
            coded.send(concat(close(4321, "bye é"), close(1000, "again"), text("late")));
            bare.send(frame(FIN | CLOSE, new byte[0]));

            assertThat(coded.readMessage().closing()).isEqualTo("4321");
            assertThat(coded.isEnded()).isTrue();
            assertThat(bare.readMessage().closing()).isEmpty();
            assertThat(bare.isEnded()).isTrue();
        }
        assertThat(gateway.metric("whimbrel.gateway.closes", "reason", "client"))
                .isEqualTo(2);
    }

    @Test
    void compressedMessagesAreReadAndSentWhereBothWant() throws Exception {
        try (TestGateway compressing = new TestGateway(TestGateway.settings().withCompression(true));
                RawClient raw = new RawClient(compressing.port())) {
            Address client = compressing.verifier.newClient();
            String json = "\"" + "abc".repeat(1000) + "\"";

            String answer = raw.exchange(
                    RawClient.upgrade("/?token=" + tokenOf(client), "Sec-WebSocket-Extensions: permessage-deflate"));
            raw.send(frame(FIN | RSV1 | TEXT, deflated("hello")));
            try (RawClient plain = compressing.open(client)) {
                compressing.publish(client, json);

                assertThat(plain.readMessage().text()).isEqualTo(TestGateway.frame(1, json));
            }
            RawClient.Frame received = raw.readMessage();
            raw.send(frame(FIN | RSV1 | TEXT, new byte[] {(byte) 0xFF, 1}));

            assertThat(answer)
                    .contains("Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "
                            + "client_no_context_takeover\r\n");
            assertThat(received.firstByte()).isEqualTo(FIN | RSV1 | TEXT);
            assertThat(received.payload()).hasSizeLessThan(300);
            assertThat(inflated(received.payload())).isEqualTo(TestGateway.frame(1, json));
            assertThat(raw.readMessage().closing()).isEqualTo("1002 protocol error");
        }
    }

    private static byte[] deflated(String text) {
        ByteBuf out = Unpooled.buffer();
        try (Deflation deflation = new Deflation()) {
            deflation.deflate(text.getBytes(UTF_8), out);
        }
        return ByteBufUtil.getBytes(out);
    }

    private static String inflated(byte[] payload) throws Exception {
        try (Inflater inflater = new Inflater(true)) {
            inflater.setInput(concat(payload, new byte[] {0, 0, (byte) 0xFF, (byte) 0xFF}));
            byte[] out = new byte[100_000];
            return new String(out, 0, inflater.inflate(out), UTF_8);
        }
    }

    // Slow and silent clients

    @Test
    void aReaderThatStopsIsClosedAsSlowWhileOthersNoticeNothing() throws IOException {
        var limits = new GatewaySettings.Limits(100, 65_536, 64 * 1024, 10_000, 1 << 28, 1 << 26, 65_536);
        String json = "\"" + "x".repeat(10_000) + "\"";

        try (TestGateway tight = new TestGateway(TestGateway.settings().withLimits(limits))) {
            Address stopped = tight.verifier.newClient();
            Address quick = tight.verifier.newClient();
            try (RawClient sleeper = new RawClient(tight.port(), 4096);
                    RawClient reader = tight.open(quick)) {
                sleeper.handshake(tokenOf(stopped));
                int n = 0;
                while (tight.metric("whimbrel.gateway.closes", "reason", "slow") == 0) {
                    tight.publish(stopped, json);
                    tight.publish(quick, "1");
                    n += 2;
                    assertThat(reader.readMessage().text()).isEqualTo(TestGateway.frame(n, "1"));
                }
                await().untilAsserted(() ->
                        assertThat(tight.metric("whimbrel.gateway.sessions")).isEqualTo(1));
            }
        }
    }

    @Test
    void whoPingsAndDoesNotReadIsNotReadEither() throws IOException {
        byte[] flood = new byte[131 * 1000];
        for (int i = 0; i < 1000; i++) {
            System.arraycopy(frame(FIN | PING, new byte[125]), 0, flood, i * 131, 131);
        }

        try (RawClient raw = new RawClient(gateway.port(), 4096)) {
            raw.handshake(tokenOf(gateway.verifier.newClient()));
            Thread sender = Thread.ofVirtual().start(() -> {
                try {
                    for (int i = 0; i < 1000; i++) {
                        raw.send(flood);
                    }
                } catch (IOException _) {
                    // The end of the test closes the socket under the flood.
                }
            });

            assertThat(io.netty.util.internal.PlatformDependent.usedDirectMemory())
                    .isLessThan(100_000_000);
            await().during(Duration.ofMillis(500))
                    .atMost(Duration.ofSeconds(10))
                    .untilAsserted(() -> assertThat(sender.isAlive())
                            .as("131 MB of pings are held up")
                            .isTrue());
        }
    }

    @Test
    void aSilentClientIsPingedAndClosed() throws IOException {
        try (TestGateway quick = new TestGateway(TestGateway.settings().withTiming(heartbeat(200, 150)));
                RawClient raw = quick.open(quick.verifier.newClient())) {
            assertThat(raw.readFrame().opcode()).isEqualTo(PING);
            assertThat(raw.readMessage().closing()).isEqualTo("3012 no pong");
        }
    }

    @Test
    void aClientThatAnswersPingsStays() throws IOException {
        // A pong may be late by most of a second on a busy machine; without one the next frame would be a Close.
        try (TestGateway quick = new TestGateway(TestGateway.settings().withTiming(heartbeat(1000, 900)));
                RawClient raw = quick.open(quick.verifier.newClient())) {
            for (int i = 0; i < 3; i++) {
                assertThat(raw.readFrame().opcode()).isEqualTo(PING);
                raw.send(frame(FIN | PONG, new byte[0]));
            }
        }
    }

    private static GatewaySettings.Timing heartbeat(long intervalMillis, long timeoutMillis) {
        return new GatewaySettings.Timing(
                Duration.ofSeconds(10),
                Duration.ofMillis(intervalMillis),
                Duration.ofMillis(timeoutMillis),
                Duration.ofSeconds(1),
                Duration.ZERO,
                Duration.ZERO,
                Duration.ZERO,
                Duration.ofSeconds(40));
    }

    // The end

    @Test
    void aClientThatDoesNotAnswerTheCloseIsCutOff() throws IOException {
        try (TestGateway quick = new TestGateway(TestGateway.settings().withTiming(heartbeat(200, 150)));
                RawClient raw = quick.open(quick.verifier.newClient())) {
            assertThat(raw.readMessage().closing()).isEqualTo("3012 no pong");
            assertThat(raw.isEnded()).isTrue();
        }
    }

    @Test
    void whenTheGatewayStopsEveryClientIsTold() throws IOException {
        RawClient first = gateway.open(gateway.verifier.newClient());
        RawClient second = gateway.open(gateway.verifier.newClient());
        long begin = System.nanoTime();

        Thread stopping = Thread.ofVirtual().start(gateway.gateway::stop);

        assertThat(first.readMessage().closing()).isEqualTo("3001 shutdown");
        first.send(close(3001, ""));
        assertThat(second.readMessage().closing()).isEqualTo("3001 shutdown");
        second.send(close(3001, ""));
        assertThat(first.isEnded()).isTrue();
        assertThat(second.isEnded()).isTrue();
        await().until(() -> !stopping.isAlive());
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(2));
        assertThat(gateway.health.problems()).containsEntry("gateway", "stopping");
    }

    /** The drain time is longer than so few need, so that stopping, which warns when it is late, has time to spare. */
    @Test
    void goodbyesAreSpreadAndTheEndComesWhateverClientsDo() throws IOException {
        var timing = GatewaySettings.Timing.defaults().withDrain(Duration.ofSeconds(2));
        try (TestGateway draining = new TestGateway(TestGateway.settings().withTiming(timing))) {
            for (int i = 0; i < 100; i++) {
                draining.open(draining.verifier.newClient());
            }
            long begin = System.nanoTime();

            draining.gateway.stop();

            // Half a second of goodbyes, then 1.5 s for the answers, which alone would be less.
            assertThat(Duration.ofNanos(System.nanoTime() - begin))
                    .isBetween(Duration.ofMillis(1800), Duration.ofSeconds(10));
            await().until(() -> draining.metric("whimbrel.gateway.connections") == 0);
        }
    }
}
