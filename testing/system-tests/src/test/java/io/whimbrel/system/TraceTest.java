package io.whimbrel.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Operators see which way a message took through the processes, and why it did not arrive. */
class TraceTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Pattern REDIS_PID = Pattern.compile("listens on .*\\(pid (\\d+)\\)");
    private static final String KEY = "key-of-a-backend";
    private static final String HISTORY = "--history.addresses=2/1h";
    /** Slow is from 500 ms on; from 1.5 s on probes may be missed, and what is published be refused. */
    private static final long SLOW_NANOS = TimeUnit.MILLISECONDS.toNanos(800);

    @TempDir
    private Path folder;

    private Town town;
    private Part web;
    private Part gateway;
    private Path keyFile;

    @BeforeEach
    void start() throws Exception {
        keyFile = Files.writeString(folder.resolve("key"), KEY);
        Path config = Files.writeString(folder.resolve("web.yaml"), "web.api-keys: " + KEY);
        town = new Town(folder);
        town.redis = town.startRedis("0");
        web = town.startWeb(town.redis.port(), "--config=" + config, HISTORY);
        gateway = town.startGateway(town.redis.port(), web.port(), HISTORY);
        web.awaitReadiness(200);
        gateway.awaitReadiness(200);
    }

    @AfterEach
    void stop() throws Exception {
        town.close();
    }

    @Test
    void theWayOfAMessageThatWaitedForItsClient() throws Exception {
        try (Client anna = Client.of(web.port());
                Client ben = Client.of(web.port())) {
            String id = publish(anna, ben);
            awaitHop(anna, id, "kept, waits for the client");
            assertThat(whats(anna, id))
                    .containsSubsequence("accepted", "published", "nobody connected", "kept, waits for the client");

            ben.connect(gateway.port());
            assertThat(ben.receive().path("id").asText()).isEqualTo(id);
            awaitHop(anna, id, "written");

            assertThat(whats(anna, id))
                    .containsSubsequence("accepted", "published", "nobody connected", "replayed", "written")
                    .doesNotContain("kept, waits for the client");
            assertThat(trace(anna, id).toString()).doesNotContain("secret", anna.token(), ben.token());
            String printed = whimbrel("trace", "message", id);
            assertThat(printed).contains("message " + id + " in @" + ben.address());
            assertThat(printed).containsPattern(" 0\\.000 ms  web@\\S+ +accepted +from a client");
            assertThat(printed).containsPattern(" ms  gateway@\\S+ +replayed +session \\w+ from its cursor");
        }
    }

    @Test
    void whatIsNotKeptLongEnoughHasExpired() throws Exception {
        try (Client anna = Client.of(web.port());
                Client ben = Client.of(web.port())) {
            String id = publish(anna, ben);
            publish(anna, ben);
            publish(anna, ben);

            awaitHop(anna, id, "expired before the client came back");
        }
    }

    @Test
    void aSlowRedisIsNamedWithItsTime() throws Exception {
        try (Client anna = Client.of(web.port());
                Client ben = Client.of(web.port()).connect(gateway.port())) {
            awaitHop(anna, publish(anna, ben), "written");
            CompletableFuture<Long> begun = new CompletableFuture<>();
            CompletableFuture<String> publishing;
            signalRedis("STOP");
            try {
                publishing = CompletableFuture.supplyAsync(() -> {
                    begun.complete(System.nanoTime());
                    return publishUnchecked(anna, ben);
                });
                long since = begun.get(Part.DEADLINE.toSeconds(), TimeUnit.SECONDS);
                await().pollInterval(Duration.ofMillis(20)).until(() -> System.nanoTime() - since > SLOW_NANOS);
            } finally {
                signalRedis("CONT");
            }
            String id = publishing.get(Part.DEADLINE.toSeconds(), TimeUnit.SECONDS);

            awaitHop(anna, id, "written");
            assertThat(trace(anna, id).toString()).containsPattern("redis answered after (\\d{3}\\.\\d ms|1\\.\\d s)");
        }
    }

    @Test
    void allMessagesToAnAddressAreFollowed() throws Exception {
        try (Client anna = Client.of(web.port());
                Client ben = Client.of(web.port()).connect(gateway.port());
                Part following = Part.start(
                        "trace",
                        "address",
                        ben.address(),
                        "--for=1h",
                        "--web=" + webUrl(),
                        "--api-key-file=" + keyFile)) {
            following.awaitInLog(Pattern.compile("are traced for 3600 s"));

            String first = publish(anna, ben, "");
            String second = publish(anna, ben, "");

            for (String id : List.of(first, second)) {
                following.awaitInLog(Pattern.compile("message " + id));
            }
            following.awaitInLog(Pattern.compile(" ms  gateway@\\S+ +written +session "));
            assertThat(following.log()).doesNotContain("secret", ben.token());
        }
    }

    private String publish(Client from, Client to) throws Exception {
        return publish(from, to, ",\"trace\":true");
    }

    /** Answers the id. */
    private String publish(Client from, Client to, String more) throws Exception {
        var answer = Client.post(
                web.port(),
                "/publish",
                "application/json",
                "{\"uuid_remote\":\"%s\",\"uuid_local\":\"%s\",\"message\":\"a secret\"%s}"
                        .formatted(to.address(), from.token(), more),
                Map.of());
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        return JSON.readTree(answer.body()).path("id").asText();
    }

    private String publishUnchecked(Client from, Client to) {
        try {
            return publish(from, to);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private void awaitHop(Client of, String id, String what) {
        await().atMost(Part.DEADLINE)
                .untilAsserted(() -> assertThat(whats(of, id)).contains(what));
    }

    private List<String> whats(Client of, String id) throws Exception {
        List<String> whats = new ArrayList<>();
        trace(of, id).path("hops").forEach(hop -> whats.add(hop.path("what").asText()));
        return whats;
    }

    private JsonNode trace(Client of, String id) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(webUrl() + "/messages/" + id + "/trace"))
                .timeout(Part.DEADLINE)
                .header("Authorization", "Bearer " + of.token())
                .build();
        return JSON.readTree(Client.HTTP.send(request, BodyHandlers.ofString()).body());
    }

    private String whimbrel(String... arguments) throws Exception {
        List<String> line = new ArrayList<>(List.of(arguments));
        line.addAll(List.of("--web=" + webUrl(), "--api-key-file=" + keyFile));
        Part command = Part.start(line.removeFirst(), line.toArray(String[]::new));
        assertThat(command.awaitEnd(Part.DEADLINE)).as(command::log).isZero();
        await().atMost(Part.DEADLINE).until(() -> command.log().contains("written"));
        return command.log();
    }

    private String webUrl() {
        return "http://127.0.0.1:" + web.port();
    }

    private void signalRedis(String signal) throws IOException, InterruptedException {
        String pid = town.redis.awaitInLog(REDIS_PID).group(1);
        new ProcessBuilder("kill", "-" + signal, pid).start().waitFor();
    }
}
