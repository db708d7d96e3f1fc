package io.whimbrel.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A token, or an address, is revoked, and every part of the town heeds it. */
class RevocationTest {
    private static final String KEY = "key-of-a-backend";
    private static final String REVOKED = "3507 revoked";
    /** A second is promised; cold JVMs of tests on busy machines are given more. */
    private static final Duration IN_TIME = Duration.ofSeconds(5);

    @TempDir
    private static Path folder;

    private static Town town;

    @BeforeAll
    static void prepare() throws Exception {
        town = new Town(folder);
        town.redis = town.startRedis("0");
        town.web = town.startWeb(
                town.redis.port(),
                "--web.api-keys=" + KEY,
                "--auth.authenticator=basic",
                "--auth.users-file=" + users());
        for (int i = 0; i < 2; i++) {
            town.gateways.add(town.startGateway(town.redis.port(), town.web.port()));
        }
        town.web.awaitReadiness(200);
        town.gateways.forEach(gateway -> gateway.awaitReadiness(200));
        revokeUnmeasured();
    }

    /** The first time takes longer: whatever it needs is loaded then. */
    private static void revokeUnmeasured() throws Exception {
        try (Client dan = person("dan").connect(town.gateways.get(0).port());
                Client elsewhere = dan.tab().connect(town.gateways.get(1).port())) {
            revoke("{\"token\":\"%s\"}".formatted(dan.token()));
            assertThat(dan.closing()).isEqualTo(REVOKED);
            assertThat(elsewhere.closing()).isEqualTo(REVOKED);
        }
    }

    @AfterAll
    static void stop() throws Exception {
        town.close();
    }

    @Test
    void aTokenThenAnAddress() throws Exception {
        try (Client one = person("ada").connect(town.gateways.get(0).port());
                Client oneElsewhere = one.tab().connect(town.gateways.get(1).port());
                Client two = person("ada").connect(town.gateways.get(0).port());
                Client twoElsewhere = two.tab().connect(town.gateways.get(1).port())) {
            long ordered = System.nanoTime();
            revoke("{\"token\":\"%s\"}".formatted(one.token()));
            assertThat(one.closing()).isEqualTo(REVOKED);
            assertThat(oneElsewhere.closing()).isEqualTo(REVOKED);
            assertThat(since(ordered)).isLessThan(IN_TIME);
            assertRefused(one);
            assertThat(two.publish(two.address(), "1").path("online").asBoolean())
                    .isTrue();
            assertThat(two.receive().path("message").asInt()).isEqualTo(1);
            assertThat(twoElsewhere.receive().path("message").asInt()).isEqualTo(1);

            ordered = System.nanoTime();
            revoke("{\"uuid\":\"%s\"}".formatted(two.address()));
            assertThat(two.closing()).isEqualTo(REVOKED);
            assertThat(twoElsewhere.closing()).isEqualTo(REVOKED);
            assertThat(since(ordered)).isLessThan(IN_TIME);
            assertRefused(two);

            try (Client three = person("ada").connect(town.gateways.get(1).port())) {
                assertThat(three.address()).isEqualTo(two.address());
                three.publish(three.address(), "2");
                int received = three.receive().path("message").asInt();
                while (received == 1) { // of which Redis may not have heard that it arrived
                    received = three.receive().path("message").asInt();
                }
                assertThat(received).isEqualTo(2);
            }
        }
    }

    @Test
    void aGatewayThatMissedTheOrderHeedsItWhenItIsConnectedAgain() throws Exception {
        try (Client ben = person("ben").connect(town.gateways.get(0).port())) {
            long now = Instant.now().getEpochSecond();
            // Not told, as if this gateway's connection had been broken when it was.
            redis("HSET whimbrel:notices:{revoked}:h %s \"%d %d\"".formatted(ben.address(), (now + 60) * 1_000, now));
            assertThat(ben.publish(ben.address(), "1").path("online").asBoolean())
                    .isTrue();

            redis("CLIENT KILL TYPE pubsub");
            long cut = System.nanoTime();

            assertThat(ben.closing()).isEqualTo(REVOKED);
            assertThat(since(cut)).isLessThan(IN_TIME); // connecting again included
        }
    }

    @Test
    void theCommandRevokesToo() throws Exception {
        Path keyFile = Files.writeString(folder.resolve("key"), KEY + "\n");
        String web = "--web=http://127.0.0.1:" + town.web.port();
        try (Client one = person("cleo").connect(town.gateways.get(0).port());
                Client two = person("cleo").connect(town.gateways.get(1).port())) {
            Path tokenFile = Files.writeString(folder.resolve("token"), one.token());

            Part ofToken = Part.start("revoke", web, "--api-key-file=" + keyFile, "--token-file=" + tokenFile);
            assertThat(ofToken.awaitEnd(Part.DEADLINE)).as(ofToken.log()).isZero();
            assertThat(one.closing()).isEqualTo(REVOKED);
            assertThat(two.isClosed()).isFalse();
            Part ofAddress = Part.start("revoke", web, "--api-key-file=" + keyFile, two.address());
            assertThat(ofAddress.awaitEnd(Part.DEADLINE)).as(ofAddress.log()).isZero();
            assertThat(two.closing()).isEqualTo(REVOKED);

            assertThat(failing(2, web, "--api-key-file=" + keyFile, two.token()))
                    .contains("is no address")
                    .doesNotContain(two.token());
            assertThat(failing(1, web, "--api-key-file=" + tokenFile, two.address()))
                    .contains("does not know this API key");
            assertThat(failing(2, web, two.address())).contains("an API key is missing");
            assertThat(failing(1, "--web=http://127.0.0.1:1", "--api-key-file=" + keyFile, two.address()))
                    .contains("Nobody answers at http://127.0.0.1:1");
        }
    }

    private static String failing(int exitCode, String... arguments) throws Exception {
        Part command = Part.start("revoke", arguments);
        assertThat(command.awaitEnd(Part.DEADLINE)).as(command.log()).isEqualTo(exitCode);
        await().atMost(Part.DEADLINE).until(() -> !command.log().isEmpty());
        return command.log();
    }

    private void assertRefused(Client client) throws Exception {
        assertThat(Client.get(town.web.port(), "/auth/" + client.token()).toString())
                .isEqualTo("{\"auth\":false,\"revoked\":true}");
        assertThat(client.tryToPublish(client.address(), "1").statusCode()).isEqualTo(401);
        for (Part gateway : town.gateways) {
            try (Client again = client.tab()) {
                assertThat(again.connect(gateway.port(), client.token()).get(30, TimeUnit.SECONDS))
                        .isEqualTo(REVOKED);
            }
        }
    }

    private static void revoke(String body) throws Exception {
        HttpResponse<String> answer =
                Client.post(town.web.port(), "/revoke", "application/json", body, Map.of("X-API-Key", KEY));
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    }

    /** Somebody with a password: always the same address. Each test has its own. */
    private static Client person(String name) throws Exception {
        return Client.of(town.web.port(), name, "lovelace");
    }

    private static Path users() throws IOException, InterruptedException {
        Path passwords = Files.writeString(folder.resolve("passwords"), "");
        Part hashing = Part.run(
                "hash-password",
                java.util.List.of(
                        "sh",
                        "-c",
                        "echo lovelace | '%s' -jar '%s' hash-password ada"
                                .formatted(
                                        Path.of(System.getProperty("java.home"), "bin", "java"),
                                        Part.ROOT.resolve("server/launcher/target/whimbrel.jar"))));
        assertThat(hashing.awaitEnd(Part.DEADLINE)).as(hashing.log()).isZero();
        await().atMost(Part.DEADLINE).until(() -> hashing.log().contains("ada:"));
        String ada = hashing.log()
                .lines()
                .filter(line -> line.startsWith("ada:"))
                .findFirst()
                .orElseThrow();
        return Files.writeString(
                passwords,
                String.join(
                        "\n",
                        ada,
                        ada.replace("ada:", "ben:"),
                        ada.replace("ada:", "cleo:"),
                        ada.replace("ada:", "dan:")));
    }

    private static Duration since(long nanos) {
        return Duration.ofNanos(System.nanoTime() - nanos);
    }

    private void redis(String command) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), town.redis.port())) {
            socket.getOutputStream().write((command + "\r\n").getBytes(StandardCharsets.US_ASCII));
            assertThat((char) socket.getInputStream().read()).isEqualTo(':');
        }
    }
}
