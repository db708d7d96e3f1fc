package io.whimbrel.system.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.whimbrel.system.Part;
import java.net.http.HttpClient;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The name that Redis is known by leads elsewhere, as where somebody else watches over it and moves it. */
class ChangedAddressTest {
    private static final String NAME = "redis.example";
    /** Less than the JDK remembers where a name led, by itself. */
    private static final Duration SOON = Duration.ofSeconds(15);

    @TempDir
    private Path folder;

    @Test
    void aRedisThatMovedIsFoundByItsName() throws Exception {
        Path program = RedisProgram.extractTo(folder);
        Path hosts = folder.resolve("hosts");
        int port = FreePorts.next();
        int webPort = FreePorts.next();
        Files.writeString(hosts, "127.0.0.1 " + NAME + "\n");
        try (HttpClient http = HttpClient.newHttpClient();
                Part here = redis(program, "127.0.0.1", port);
                Part web = Part.start(
                        List.of("-Djdk.net.hosts.file=" + hosts),
                        "web",
                        "--web.host=127.0.0.1",
                        "--web.port=" + webPort,
                        "--web.admin.port=0",
                        "--web.api-keys=" + Stage.API_KEY,
                        "--data=" + folder.resolve("data"),
                        "--redis=redis://%s:%d".formatted(NAME, port))) {
            web.awaitReadiness(200);
            Desk desk = new Desk(http);
            JsonNode identity = desk.newIdentity(webPort);
            assertThat(publish(desk, webPort, identity)).isEqualTo(200);

            here.kill();
            assertThat(publish(desk, webPort, identity)).isEqualTo(503);
            try (Part there = redis(program, "127.0.0.2", port)) {
                Files.writeString(hosts, "127.0.0.2 " + NAME + "\n");

                await().atMost(SOON).until(() -> publish(desk, webPort, identity) == 200);
                assertThat(there.isAlive()).isTrue();
            }
        }
    }

    private Part redis(Path program, String host, int port) throws Exception {
        Part redis = Part.run(
                "redis",
                List.of(
                        program.toString(),
                        "--port",
                        Integer.toString(port),
                        "--bind",
                        host,
                        "--dir",
                        folder.toString(),
                        "--save",
                        ""));
        redis.awaitInLog(Pattern.compile("Ready to accept connections"));
        return redis;
    }

    private static int publish(Desk desk, int port, JsonNode identity) throws Exception {
        HttpResponse<String> answer = desk.publish(
                        port,
                        "{\"uuid_remote\":\"%s\",\"message\":1}"
                                .formatted(identity.path("uuid").asText()),
                        "")
                .get(10, TimeUnit.SECONDS);
        return answer.statusCode();
    }
}
