package io.whimbrel.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What users and operators see when a part is away, and that all is well again when it is back. */
class OutageTest {
    private static final Duration DEADLINE = Part.DEADLINE;
    /** 6 s are promised where the drain time is one; busy machines are given more. */
    private static final Duration STOPS_WITHIN = Duration.ofSeconds(20);

    /** While connections are there: a probe, and how long it is waited for. */
    private static final Duration NOTICED_WITHIN = Duration.ofSeconds(8);

    @TempDir
    private Path folder;

    private Town town;

    @BeforeEach
    void prepare() {
        town = new Town(folder);
    }

    @AfterEach
    void stop() throws Exception {
        town.close();
    }

    @Test
    void redisIsKilledAndComesBack() throws Exception {
        town.start(1);
        int redisPort = town.redis.port();
        try (Client anna = town.newClient().connect(town.gatewayPort());
                Client ben = town.newClient().connect(town.gatewayPort())) {
            town.web.awaitReadiness(200);
            town.gateways.getFirst().awaitReadiness(200);

            killWholeRedis();

            town.web.awaitReadiness(503);
            town.gateways.getFirst().awaitReadiness(503);
            assertThat(Client.text(town.web.adminPort(), "/metrics")).contains("whimbrel_broker_flowing 0.0");
            HttpResponse<String> refused = anna.tryToPublish(ben.address(), "\"lost?\"");
            assertThat(refused.statusCode()).isEqualTo(503);
            assertThat(refused.headers().firstValue("Retry-After")).isPresent();
            assertThat(refused.headers().firstValue("Content-Type")).hasValue("application/problem+json");
            try (Client late = town.newClient()) {
                assertThat(late.connect(town.gatewayPort(), late.token()).get(30, TimeUnit.SECONDS))
                        .isEqualTo("3004 broker away, try again");
            }
            assertThat(anna.isClosed()).as("who is connected stays").isFalse();

            town.redis = town.startRedis(Integer.toString(redisPort));

            town.web.awaitReadiness(200);
            town.gateways.getFirst().awaitReadiness(200);
            assertThat(Client.text(town.web.adminPort(), "/metrics")).contains("whimbrel_broker_flowing 1.0");
            assertThat(anna.publish(ben.address(), "\"again\"").path("online").asBoolean())
                    .isTrue();
            assertThat(ben.receive().path("message").asText()).isEqualTo("again");
        }
    }

    /** It answers PING, and takes connections, but does nothing of what is published. */
    @Test
    void redisAnswersButDoesNotDeliver() throws Exception {
        town.start(1);
        List<Part> both = List.of(town.web, town.gateways.getFirst());
        try (Client anna = town.newClient().connect(town.gatewayPort());
                Client ben = town.newClient().connect(town.gatewayPort())) {
            redis("CLIENT PAUSE %d WRITE".formatted(Duration.ofDays(1).toMillis()));
            long start = System.nanoTime();
            try {
                for (Part part : both) {
                    await().pollInterval(Duration.ofMillis(50))
                            .atMost(NOTICED_WITHIN.minusNanos(System.nanoTime() - start))
                            .untilAsserted(() -> assertThat(readiness(part).toString())
                                    .containsAnyOf("does not deliver", "takes no messages", "probes do not come back"));
                }
                for (Part part : both) {
                    assertThat(Client.status(part.adminPort(), "/health/ready")).isEqualTo(503);
                    assertThat(Client.text(part.adminPort(), "/metrics")).contains("whimbrel_broker_flowing 0.0");
                }
                assertThat(anna.tryToPublish(ben.address(), "\"lost?\"").statusCode())
                        .isEqualTo(503);
            } finally {
                redis("CLIENT UNPAUSE");
            }

            for (Part part : both) {
                part.awaitReadiness(200);
                assertThat(Client.text(part.adminPort(), "/metrics")).contains("whimbrel_broker_flowing 1.0");
            }
            assertThat(anna.publish(ben.address(), "\"again\"").path("online").asBoolean())
                    .isTrue();
            assertThat(ben.receive().path("message").asText()).isEqualTo("again");
        }
    }

    /** A command in the form one types. */
    private void redis(String command) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), town.redis.port())) {
            socket.getOutputStream().write((command + "\r\n").getBytes(StandardCharsets.US_ASCII));
            assertThat((char) socket.getInputStream().read()).isEqualTo('+');
        }
    }

    @Test
    void aRedisThatDiesAloneIsStartedAgain() throws Exception {
        town.start(1);
        try (Client anna = town.newClient().connect(town.gatewayPort())) {
            killServerOf(town.redis);

            await().atMost(DEADLINE).untilAsserted(() -> {
                assertThat(anna.publish(anna.address(), "1").path("online").asBoolean())
                        .isTrue();
            });
            assertThat(anna.receive().path("message").asInt()).isEqualTo(1);
        }
    }

    @Test
    void aGatewayIsNotReadyBeforeItsPortIsOpen() throws Exception {
        town.start(0);
        int port = freePort();
        int adminPort = freePort();
        town.startGatewayOn(port, adminPort, town.redis.port(), town.web.port());

        await().pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(1))
                .atMost(DEADLINE)
                .until(() -> Client.status(adminPort, "/health/ready") == 200);

        try (Client anna = town.newClient().connect(port)) {
            assertThat(anna.isClosed()).isFalse();
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    @Test
    void theWebServerIsAwayAndComesBack() throws Exception {
        town.start(1);
        Part gateway = town.gateways.getFirst();
        int webPort = town.web.port();
        try (Client anna = town.newClient().connect(gateway.port());
                Client late = town.newClient()) {
            gateway.awaitReadiness(200);

            town.web.kill();

            gateway.awaitReadiness(503);
            assertThat(late.connect(gateway.port(), late.token()).get(30, TimeUnit.SECONDS))
                    .isEqualTo("3004 web server away, try again");
            assertThat(anna.isClosed()).as("who is connected stays").isFalse();

            town.web = town.startWebOn(webPort, town.redis.port());
            town.web.port();
            gateway.awaitReadiness(200);
            late.connect(gateway.port());
            assertThat(late.publish(anna.address(), "\"the token outlived the web server\"")
                            .path("online")
                            .asBoolean())
                    .isTrue();
            assertThat(anna.receive().path("from").asText()).isEqualTo(late.address());
        }
    }

    @Test
    void aGatewayIsToldToStop() throws Exception {
        town.start(2);
        Part leaving = town.gateways.getFirst();
        Part staying = town.gateways.get(1);
        try (Client anna = town.newClient().connect(leaving.port());
                Client ben = town.newClient().connect(staying.port())) {
            leaving.signal("TERM");

            assertThat(anna.closing()).isEqualTo("3001 shutdown");
            assertThat(leaving.awaitEnd(STOPS_WITHIN)).isZero();
            anna.connect(staying.port());
            ben.publish(anna.address(), "\"here you are\"");
            assertThat(anna.receive().path("message").asText()).isEqualTo("here you are");
        }
    }

    @Test
    void aKilledGatewayLeavesNobodyOnline() throws Exception {
        town.start(1);
        try (Client anna = town.newClient().connect(town.gatewayPort())) {
            town.gateways.getFirst().kill();

            await().atMost(DEADLINE)
                    .untilAsserted(() -> assertThat(anna.publish(anna.address(), "1")
                                    .path("online")
                                    .asBoolean(true))
                            .isFalse());
        }
    }

    @Test
    void theOrderOfStartingDoesNotMatter() throws Exception {
        Part redis = town.startRedis("0");
        int redisPort = redis.port();
        redis.close();
        Part gateway = town.startGateway(redisPort, 1);
        gateway.port();
        gateway.awaitReadiness(503);
        Part web = town.startWeb(redisPort);
        int webPort = web.port();
        web.awaitReadiness(503);
        Part asking = town.startGateway(redisPort, webPort);
        asking.port();

        town.redis = town.startRedis(Integer.toString(redisPort));

        web.awaitReadiness(200);
        asking.awaitReadiness(200);
        assertThat(readiness(gateway).toString()).contains("web server");
        try (Client anna = Client.of(webPort).connect(asking.port())) {
            anna.publish(anna.address(), "1");
            assertThat(anna.receive().path("message").asInt()).isEqualTo(1);
        }
    }

    @Test
    void aTokenThatExpiresClosesTheConnectionAndOpensNone() throws Exception {
        town.redis = town.startRedis("0");
        town.web = town.startWeb(town.redis.port(), "--auth.token.lifetime=2s");
        town.gateways.add(town.startGateway(town.redis.port(), town.web.port()));
        town.gateways.getFirst().awaitReadiness(200);
        try (Client anna = town.newClient().connect(town.gatewayPort())) {
            assertThat(anna.closing()).isEqualTo("3005 connection expired");

            assertThat(Client.get(town.web.port(), "/auth/" + anna.token()).toString())
                    .isEqualTo("{\"auth\":false,\"expired\":true}");
            try (Client late = town.newClient()) {
                assertThat(late.connect(town.gatewayPort(), anna.token()).get(30, TimeUnit.SECONDS))
                        .isEqualTo("3005 connection expired");
            }
        }
    }

    private void killWholeRedis() throws Exception {
        long server = serverPid(town.redis);
        town.redis.kill();
        ProcessHandle.of(server).ifPresent(ProcessHandle::destroyForcibly);
        await().atMost(DEADLINE).until(() -> ProcessHandle.of(server).isEmpty());
    }

    private static void killServerOf(Part redis) {
        ProcessHandle.of(serverPid(redis)).orElseThrow().destroyForcibly();
    }

    private static long serverPid(Part redis) {
        return Long.parseLong(redis.awaitInLog(Pattern.compile("listens on .*\\(pid (\\d+)\\)"))
                .group(1));
    }

    private static Object readiness(Part part) throws Exception {
        return Client.get(part.adminPort(), "/health/ready");
    }
}
