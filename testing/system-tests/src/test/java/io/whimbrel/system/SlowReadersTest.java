package io.whimbrel.system;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Clients that stop reading beside clients that read, under each rule of {@code gateway.outbox.rules}. What it does to the
 * others' latency is measured by {@code whimbrel bench slow}.
 */
class SlowReadersTest {
    private static final String API_KEY = "key-of-a-backend";
    private static final String SECRET = "a-secret-of-this-test-and-of-nobody-else";
    private static final Pattern WEB = Pattern.compile("page +http://localhost:(\\d+)/");
    private static final Pattern GATEWAY = Pattern.compile("gateway +ws://localhost:(\\d+)/ws");

    private static final int QUICK = 50;
    private static final int STOPPED = 5;
    /** Together more than the system's own buffers of a connection and an outbox hold. */
    private static final int MESSAGES = 250;

    private static final String PADDING = "x".repeat(32 * 1024);
    private static final int AT_ONCE = 5;

    @TempDir
    private static Path folder;

    private static Part up;
    private static int webPort;
    private static int gatewayPort;

    @BeforeAll
    static void start() throws Exception {
        up = Part.start(
                "up",
                "--web.host=127.0.0.1",
                "--gateway.host=127.0.0.1",
                "--web.port=0",
                "--gateway.port=0",
                "--redis.port=0",
                "--web.admin.port=0",
                "--gateway.admin.port=0",
                "--gateway.ping.interval=10m", // who has stopped does not answer
                "--gateway.close.timeout=2m", // nor does it read a Close frame before all is published
                "--gateway.outbox.rules=news.*=drop-oldest,prices.*=latest",
                "--web.api-keys=" + API_KEY,
                "--auth.secret=" + SECRET,
                "--data=" + folder.resolve("data"));
        webPort = Integer.parseInt(up.awaitInLog(WEB).group(1));
        gatewayPort = Integer.parseInt(up.awaitInLog(GATEWAY).group(1));
    }

    @AfterAll
    static void stop() throws Exception {
        up.close();
    }

    @Test
    void usuallyOneThatStoppedReadingIsDisconnectedAsSlow() throws Exception {
        for (Reading reading : resumedAfterAllIsPublishedTo("chat.room")) {
            assertThat(reading.closeCode()).isEqualTo(3008);
            assertThat(reading.numbers())
                    .isEqualTo(
                            IntStream.range(0, reading.numbers().size()).boxed().toList())
                    .hasSizeLessThan(MESSAGES);
        }
    }

    @Test
    void withDropOldestItStaysAndMissesTheMiddle() throws Exception {
        for (Reading reading : resumedAfterAllIsPublishedTo("news.world")) {
            assertThat(reading.closeCode()).isZero();
            assertThat(reading.numbers())
                    .hasSizeLessThan(MESSAGES)
                    .isSorted()
                    .doesNotHaveDuplicates()
                    .startsWith(0, 1, 2)
                    .endsWith(MESSAGES - 3, MESSAGES - 2, MESSAGES - 1);
        }
    }

    @Test
    void withLatestItStaysAndOnlyTheNewestWasKept() throws Exception {
        for (Reading reading : resumedAfterAllIsPublishedTo("prices.gold")) {
            List<Integer> numbers = reading.numbers();

            assertThat(reading.closeCode()).isZero();
            assertThat(numbers).isSorted().doesNotHaveDuplicates().startsWith(0, 1, 2);
            int beforeLast = numbers.get(numbers.size() - 2);
            assertThat(numbers.getLast()).isEqualTo(MESSAGES - 1);
            assertThat(beforeLast).isLessThan(MESSAGES - 1 - AT_ONCE);
        }
    }

    /** The readers that stopped, and what each of them got; those that did not stop got everything, in order. */
    private static List<Reading> resumedAfterAllIsPublishedTo(String topic) throws Exception {
        List<Client> quick = new ArrayList<>();
        List<RawSocket> stopped = new ArrayList<>();
        List<Reading> readings = new ArrayList<>();
        try {
            String token;
            try (Client somebody = Client.of(webPort)) {
                token = Tokens.withTopics(somebody.token(), SECRET, topic);
            }
            for (int i = 0; i < QUICK; i++) {
                Client client = Client.of(webPort);
                quick.add(client);
                client.connect(gatewayPort, token);
            }
            for (int i = 0; i < STOPPED; i++) {
                RawSocket socket = RawSocket.withSmallReceiveBuffer(gatewayPort);
                stopped.add(socket);
                assertThat(socket.openWebSocket(token)).startsWith("HTTP/1.1 101 ");
            }

            for (int i = 0; i < MESSAGES; i++) {
                publish(topic, i);
                if ((i + 1) % AT_ONCE == 0) {
                    for (Client client : quick) {
                        for (int n = i + 1 - AT_ONCE; n <= i; n++) {
                            assertThat(client.receiveText()).startsWith("{\"message\":{\"n\":" + n + ",");
                        }
                    }
                }
            }
            for (RawSocket socket : stopped) {
                readings.add(Reading.of(socket));
            }
            assertThat(quick).noneMatch(Client::isClosed);
        } finally {
            quick.forEach(Client::close);
            for (RawSocket socket : stopped) {
                socket.close();
            }
        }
        return readings;
    }

    private static void publish(String topic, int number) throws Exception {
        String body = "{\"topic\":\"%s\",\"message\":{\"n\":%d,\"pad\":\"%s\"}}".formatted(topic, number, PADDING);
        int status = Client.post(webPort, "/publish", "application/json", body, Map.of("X-API-Key", API_KEY))
                .statusCode();
        assertThat(status).isEqualTo(200);
    }

    /**
     * What was on its way to one client.
     *
     * @param closeCode 0 where the connection is still open
     */
    private record Reading(List<Integer> numbers, int closeCode) {
        private static final Pattern NUMBER = Pattern.compile("\\{\"message\":\\{\"n\":(\\d+),");
        private static final byte[] PING = {(byte) 0x89, (byte) 0x80, 0, 0, 0, 0};
        private static final int TEXT = 0x81;
        private static final int CLOSE = 0x88;
        private static final int GATEWAYS_PING = 0x89;
        private static final int PONG = 0x8A;

        /** Reads up to the answer to a ping of now, or to a Close frame. */
        static Reading of(RawSocket socket) throws IOException {
            socket.send(PING);
            List<Integer> numbers = new ArrayList<>();
            while (true) {
                int head = socket.read();
                byte[] payload = socket.read(length(socket));
                switch (head) {
                    case TEXT -> {
                        Matcher number = NUMBER.matcher(new String(payload, UTF_8));
                        assertThat(number.lookingAt()).isTrue();
                        numbers.add(Integer.parseInt(number.group(1)));
                    }
                    case GATEWAYS_PING -> {}
                    case CLOSE -> {
                        return new Reading(numbers, ((payload[0] & 0xFF) << 8) | (payload[1] & 0xFF));
                    }
                    case PONG -> {
                        return new Reading(numbers, 0);
                    }
                    default -> throw new AssertionError("frame of type 0x" + Integer.toHexString(head));
                }
            }
        }

        private static int length(RawSocket socket) throws IOException {
            int length = socket.read();
            return length == 126 ? (socket.read() << 8) | socket.read() : length;
        }
    }
}
