package io.whimbrel.system;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What users do while everything is well: three gateways, one web server and Redis, five processes. */
class DeliveryTest {
    private static final int CROWD = 2_000;

    @TempDir
    private static Path folder;

    private static Town town;

    @BeforeAll
    static void start() throws Exception {
        town = new Town(folder).start(3);
    }

    @AfterAll
    static void stop() throws Exception {
        town.close();
    }

    @Test
    void twoClientsExchangeMessagesBothWays() throws Exception {
        try (Client anna = town.newClient().connect(town.gatewayPort());
                Client ben = town.newClient().connect(town.gatewayPort())) {
            long before = System.currentTimeMillis();
            JsonNode answer = anna.publish(ben.address(), "{\"text\":\"hello\",\"n\":1.50}");
            JsonNode received = ben.receive();
            ben.publish(received.path("from").asText(), "\"and back\"");

            assertThat(answer.path("status").asBoolean()).isTrue();
            assertThat(answer.path("online").asBoolean()).isTrue();
            assertThat(received.path("message").path("text").asText()).isEqualTo("hello");
            assertThat(received.path("id").asText()).isEqualTo(answer.path("id").asText());
            assertThat(received.path("from").asText()).isEqualTo(anna.address());
            assertThat(received.path("time").asLong()).isBetween(before, System.currentTimeMillis());
            assertThat(anna.receive().path("message").asText()).isEqualTo("and back");
        }
    }

    @Test
    void aRecipientIsReachedOnWhicheverGatewayItIs() throws Exception {
        try (Client sender = town.newClient()) {
            List<Client> recipients = new ArrayList<>();
            for (Part gateway : town.gateways) {
                recipients.add(town.newClient().connect(gateway.port()));
            }

            for (Client recipient : recipients) {
                assertThat(sender.publish(recipient.address(), "\"for you\"")
                                .path("online")
                                .asBoolean())
                        .isTrue();
            }

            for (Client recipient : recipients) {
                assertThat(recipient.receive().path("message").asText()).isEqualTo("for you");
                assertThat(recipient.waiting()).isZero();
                recipient.close();
            }
        }
    }

    @Test
    void twoTabsOnTwoGatewaysBothReceive() throws Exception {
        try (Client client = town.newClient().connect(town.gatewayPort())) {
            client.connect(town.gateways.get(1).port());

            client.publish(client.address(), "\"both\"");

            assertThat(client.receive().path("message").asText()).isEqualTo("both");
            assertThat(client.receive().path("message").asText()).isEqualTo("both");
        }
    }

    @Test
    void anAddressNobodyIsConnectedToIsSaidToBeOffline() throws Exception {
        try (Client sender = town.newClient()) {
            JsonNode answer = sender.publish(UUID.randomUUID().toString(), "1");

            assertThat(answer.path("status").asBoolean()).isTrue();
            assertThat(answer.path("online").asBoolean(true)).isFalse();
        }
    }

    /** The original's page: the token is shown as the uuid, and the other side's token is what one writes to. */
    @Test
    void clientsOfTheOriginalWorkUnchanged() throws Exception {
        try (Client anna = town.newClient().connect(town.gatewayPort());
                Client ben = town.newClient().connect(town.gateways.get(1).port())) {
            anna.publish(ben.token(), "\"hi\"");
            String form = "uuid_remote=%s&uuid_local=%s&message=%s"
                    .formatted(anna.token(), ben.token(), URLEncoder.encode("a \"b\" é+", UTF_8));
            int status = Client.post(town.web.port(), "/publish", "application/x-www-form-urlencoded", form)
                    .statusCode();

            assertThat(ben.receive().path("message").asText()).isEqualTo("hi");
            assertThat(status).isEqualTo(200);
            assertThat(anna.receiveText())
                    .startsWith("{\"message\":\"a \\\"b\\\" é+\",")
                    .doesNotContain(ben.token());
            assertThat(Client.get(town.web.port(), "/auth/" + anna.token())
                            .path("auth")
                            .asBoolean())
                    .isTrue();
            assertThat(Client.get(town.web.port(), "/auth/nonsense")
                            .path("auth")
                            .asBoolean(true))
                    .isFalse();
        }
    }

    @Test
    void anyProgramCanPublishWithOneRedisCommand() throws Exception {
        try (Client anna = town.newClient().connect(town.gatewayPort());
                Client ben = town.newClient().connect(town.gateways.get(2).port())) {
            redis(
                    "PUBLISH",
                    "article",
                    "{\"uuid_remote\":\"%s\",\"message\":1,\"id\":\"x\"}".formatted(anna.address()));
            redis(
                    "PUBLISH",
                    "article",
                    "{\"uuid_remote\":\"%s\",\"uuid_local\":\"%s\",\"message\":2}"
                            .formatted(ben.token(), anna.token()));

            assertThat(anna.receiveText()).startsWith("{\"message\":1,\"id\":\"x\",\"time\":");
            assertThat(ben.receiveText())
                    .startsWith("{\"message\":2,")
                    .contains("\"from\":\"" + anna.address() + "\"")
                    .doesNotContain(anna.token());
        }
    }

    @Test
    void whoMayNotStayIsClosedWithACode() throws Exception {
        try (Client client = town.newClient()) {
            assertThat(client.connect(town.gatewayPort(), "nonsense").get(30, TimeUnit.SECONDS))
                    .isEqualTo("3500 invalid token");
        }
        try (Client client = town.newClient()) {
            assertThat(client.connect(town.gatewayPort(), "").get(30, TimeUnit.SECONDS))
                    .isEqualTo("3500 invalid token");
        }
    }

    @Test
    void aHostileFrameHarmsNobodyElse() throws Exception {
        try (Client peaceful = town.newClient().connect(town.gatewayPort());
                RawSocket hostile = new RawSocket(town.gatewayPort())) {
            String head = hostile.openWebSocket(peaceful.token());
            byte[] oneGigabyte = {(byte) 0x82, (byte) 0xFF, 0, 0, 0, 0, 0x40, 0, 0, 0, 1, 2, 3, 4};
            hostile.send(oneGigabyte);
            ByteBuffer close = ByteBuffer.wrap(hostile.read(4));
            peaceful.publish(peaceful.address(), "\"still here\"");

            assertThat(head).startsWith("HTTP/1.1 101 ");
            assertThat(close.get(0)).isEqualTo((byte) 0x88);
            assertThat(close.getShort(2)).isEqualTo((short) 1009);
            assertThat(peaceful.receive().path("message").asText()).isEqualTo("still here");
        }
    }

    @Test
    void twoThousandClientsAtOnceEachReceiveTheirOwn() throws Exception {
        List<Client> crowd = new ArrayList<>();
        Semaphore atOnce = new Semaphore(64);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Client>> connecting = new ArrayList<>();
            for (int i = 0; i < CROWD; i++) {
                int gateway = town.gateways.get(i % 3).port();
                connecting.add(threads.submit(() -> {
                    atOnce.acquire();
                    try {
                        return town.newClient().connect(gateway);
                    } finally {
                        atOnce.release();
                    }
                }));
            }
            for (Future<Client> client : connecting) {
                crowd.add(client.get());
            }
            List<Future<?>> publishing = new ArrayList<>();
            for (int i = 0; i < CROWD; i++) {
                Client sender = crowd.get(i);
                Client recipient = crowd.get((i + 1) % CROWD);
                publishing.add(threads.submit(() -> {
                    atOnce.acquire();
                    try {
                        return await().pollInSameThread()
                                .atMost(Part.DEADLINE)
                                .until(() -> greet(sender, recipient), status -> status == 200);
                    } finally {
                        atOnce.release();
                    }
                }));
            }
            for (Future<?> published : publishing) {
                published.get();
            }
        }

        for (int i = 0; i < CROWD; i++) {
            Client neighbour = crowd.get((i + CROWD - 1) % CROWD);
            assertThat(crowd.get(i).receive().path("from").asText()).isEqualTo(neighbour.address());
            assertThat(crowd.get(i).waiting()).isZero();
        }
        crowd.forEach(Client::close);
    }

    /** May be repeated: on a machine with much to do Redis may answer too late, and then the answer is 503. */
    private int greet(Client sender, Client recipient) throws Exception {
        return sender.publishOnce(town.web.port(), recipient.address(), "\"from your neighbour\"", "greeting")
                .get()
                .statusCode();
    }

    /** Sends one command (RESP) and reads one line of the answer. */
    private static void redis(String... words) throws IOException {
        StringBuilder command = new StringBuilder("*" + words.length + "\r\n");
        for (String word : words) {
            command.append("$%d\r\n%s\r\n".formatted(word.getBytes(UTF_8).length, word));
        }
        try (RawSocket socket = new RawSocket(town.redis.port())) {
            socket.send(command.toString());
            assertThat(socket.read()).isEqualTo(':');
        }
    }
}
