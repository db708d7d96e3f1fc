package io.whimbrel.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A publisher whose web server dies before the answer repeats itself, and the receiver does not notice. */
@Tag("story")
class RepetitionTest {
    private static final Pattern REDIS_PID = Pattern.compile("listens on .*\\(pid (\\d+)\\)");

    @TempDir
    private Path folder;

    private Town town;

    @BeforeEach
    void prepare() throws Exception {
        town = new Town(folder).start(1);
    }

    @AfterEach
    void stop() throws Exception {
        town.close();
    }

    @Test
    void whatRedisHadWhenTheWebServerDiedIsNotPublishedAgain() throws Exception {
        int webPort = town.web.port();
        String message = '"' + "x".repeat(10_000) + '"'; // to be told from a PING where it waits
        try (Client anna = town.newClient();
                Client ben = town.newClient().connect(town.gatewayPort())) {
            signalRedis("STOP");
            CompletableFuture<HttpResponse<String>> unheard;
            try {
                unheard = anna.publishOnce(webPort, ben.address(), message, "key");
                await().atMost(Part.DEADLINE).until(() -> unreadBytes(town.redis.port()) > message.length());
                town.web.kill();
            } finally {
                signalRedis("CONT");
            }
            assertThat(unheard).failsWithin(Part.DEADLINE);
            town.restartWebOn(webPort);

            HttpResponse<String> repeated = anna.publishOnce(webPort, ben.address(), message, "key")
                    .get(Part.DEADLINE.toSeconds(), TimeUnit.SECONDS);
            anna.publish(ben.address(), "\"last\"");

            assertThat(repeated.statusCode()).isEqualTo(200);
            assertThat(repeated.headers().firstValue("Idempotency-Replayed")).hasValue("true");
            JsonNode received = ben.receive();
            assertThat(received.path("message").asText()).hasSize(10_000);
            assertThat(repeated.body()).contains(received.path("id").asText(), "\"online\":true,\"stored\":true");
            assertThat(ben.receive().path("message").asText()).isEqualTo("last");
        }
    }

    @Test
    void ofManyUnderWayWhenTheWebServerDiesEachIsPublishedOnce() throws Exception {
        int webPort = town.web.port();
        int count = 40;
        try (Client anna = town.newClient();
                Client ben = town.newClient().connect(town.gatewayPort())) {
            List<CompletableFuture<HttpResponse<String>>> attempts = IntStream.range(0, count)
                    .mapToObj(i -> anna.publishOnce(webPort, ben.address(), Integer.toString(i), "key-" + i))
                    .toList();
            await().pollDelay(0, TimeUnit.MILLISECONDS)
                    .pollInterval(1, TimeUnit.MILLISECONDS)
                    .atMost(Part.DEADLINE)
                    .until(() -> attempts.stream().anyMatch(CompletableFuture::isDone));
            town.web.kill();
            CompletableFuture.allOf(attempts.toArray(CompletableFuture[]::new))
                    .exceptionally(_ -> null) // those that heard nothing
                    .get(Part.DEADLINE.toSeconds(), TimeUnit.SECONDS);
            town.restartWebOn(webPort);

            for (int i = 0; i < count; i++) {
                HttpResponse<String> repeated = anna.publishOnce(
                                webPort, ben.address(), Integer.toString(i), "key-" + i)
                        .get(Part.DEADLINE.toSeconds(), TimeUnit.SECONDS);
                assertThat(repeated.statusCode()).as(repeated.body()).isEqualTo(200);
                if (!attempts.get(i).isCompletedExceptionally()) {
                    assertThat(repeated.body()).isEqualTo(attempts.get(i).get().body());
                }
            }
            anna.publish(ben.address(), "\"last\"");

            List<Integer> received = new ArrayList<>();
            JsonNode next = ben.receive().path("message");
            while (next.isInt()) {
                received.add(next.asInt());
                next = ben.receive().path("message");
            }
            assertThat(received)
                    .containsExactlyInAnyOrderElementsOf(
                            IntStream.range(0, count).boxed().toList());
        }
    }

    private void signalRedis(String signal) throws Exception {
        String pid = town.redis.awaitInLog(REDIS_PID).group(1);
        new ProcessBuilder("kill", "-" + signal, pid).start().waitFor();
    }

    /** The most that waits on one connection to be read by the program that listens on this port, as Linux tells. */
    private static long unreadBytes(int port) throws IOException {
        String local = ":%04X".formatted(port);
        long most = 0;
        for (String line : Files.readAllLines(Path.of("/proc/net/tcp"))) {
            String[] fields = line.strip().split("\\s+");
            if (fields.length > 4 && fields[1].endsWith(local)) {
                most = Math.max(most, Long.parseLong(fields[4].substring(fields[4].indexOf(':') + 1), 16));
            }
        }
        return most;
    }
}
