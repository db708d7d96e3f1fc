package io.whimbrel.system;

import static io.whimbrel.system.Up.adminPort;
import static io.whimbrel.system.Up.gateway;
import static io.whimbrel.system.Up.redisOf;
import static io.whimbrel.system.Up.web;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code whimbrel up}: everything in one process, started and stopped by one person at a terminal. */
class UpTest {
    /** 7 s are promised; busy machines are given more. */
    private static final Duration IN_TIME = Duration.ofSeconds(20);
    /** For what takes milliseconds on an idle one. */
    private static final Duration AT_ONCE = Duration.ofSeconds(5);

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"INT", "TERM"})
    void stopsInOrderAndLeavesNothingBehind(String signal) throws Exception {
        try (Part up = up()) {
            try (Client anna = Client.of(web(up)).connect(gateway(up))) {
                anna.publish(anna.address(), "\"hello\"");
                assertThat(anna.receive().path("message").asText()).isEqualTo("hello");

                up.signal(signal);

                assertThat(anna.closing()).isEqualTo("3001 shutdown");
                assertThat(up.awaitEnd(IN_TIME)).isZero();
            }
            assertThat(redisOf(up)).isEmpty();
        }
    }

    @Test
    void stopsInTimeWhateverClientsDo() throws Exception {
        // Who waited for these would not be in time.
        try (Part up = up("--gateway.close.timeout=2m", "--web.request.timeout=2m");
                RawSocket silent = new RawSocket(gateway(up));
                RawSocket halfRequest = new RawSocket(web(up))) {
            halfRequest.send("POST /publish HTTP/1.1\r\n");
            silent.openWebSocket(Client.of(web(up)).token());

            up.signal("TERM");

            assertThat(up.awaitEnd(IN_TIME)).isZero();
            assertThat(redisOf(up)).isEmpty();
        }
    }

    @Test
    void aSecondSignalEndsItAtOnce() throws Exception {
        try (Part up = up("--gateway.drain.seconds=60");
                RawSocket silent = new RawSocket(gateway(up));
                Client anna = Client.of(web(up)).connect(gateway(up))) {
            silent.openWebSocket(anna.token());
            up.signal("INT");
            assertThat(anna.closing()).isEqualTo("3001 shutdown");

            up.signal("INT");

            assertThat(up.awaitEnd(AT_ONCE)).isEqualTo(130);
            await().atMost(Part.DEADLINE)
                    .untilAsserted(() -> assertThat(redisOf(up)).isEmpty());
        }
    }

    @Test
    void afterAKillTheNextOneFindsRedisAndTokensOutliveIt() throws Exception {
        String token;
        Part killed = up();
        try (Client anna = Client.of(web(killed))) {
            token = anna.token();
        }
        killed.kill();
        assertThat(redisOf(killed)).isPresent();

        try (Part next = up()) {
            assertThat(Client.get(web(next), "/auth/" + token).path("auth").asBoolean())
                    .isTrue();
            assertThat(redisOf(killed)).isEmpty();
            assertThat(redisOf(next)).isPresent();
        }
    }

    @Test
    void aPortThatIsTakenIsSaidInOneSentence() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String port = Integer.toString(taken.getLocalPort());
            for (String setting : List.of("web.port", "gateway.port", "web.admin.port", "gateway.admin.port")) {
                try (Part up = up("--" + setting + "=" + port)) {
                    assertThat(up.awaitEnd(Part.DEADLINE)).isEqualTo(1);
                    assertThat(up.log())
                            .contains("whimbrel: Port %s is taken: stop the program that uses it, or choose another "
                                            .formatted(port)
                                    + "port with --" + setting)
                            .doesNotContain("Exception");
                    assertThat(folder.resolve("data/redis/redis.pid"))
                            .as("a Redis left running")
                            .doesNotExist();
                }
            }
        }
    }

    @Test
    void redisTakesAFreePortWhereItsOwnIsTaken() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                Part up = up("--redis.port=" + taken.getLocalPort())) {
            assertThat(Client.status(web(up), "/")).isEqualTo(200);
            assertThat(up.awaitInLog(Pattern.compile("Redis +port (\\d+), data in"))
                            .group(1))
                    .isNotEqualTo(Integer.toString(taken.getLocalPort()));
        }
    }

    @Test
    void aRedisThatIsNotThereIsSaidInOneSentence() throws Exception {
        int free;
        try (ServerSocket socket = new ServerSocket(0)) {
            free = socket.getLocalPort();
        }
        try (Part up = up("--redis=redis://127.0.0.1:" + free)) {
            assertThat(up.awaitEnd(Part.DEADLINE)).isEqualTo(1);
            assertThat(up.log())
                    .contains("whimbrel: Redis is not there (connecting to redis://127.0.0.1:%d: Connection refused)"
                            .formatted(free))
                    .contains("start it, correct --redis, or leave --redis out")
                    .doesNotContain("Exception");
        }
    }

    @Test
    void aRedisThatDoesNotWriteInTimeIsNotTakenForFsync() throws Exception {
        try (Part up = up("--broker.redis.durability=fsync")) { // its own writes each second
            assertThat(up.awaitEnd(Part.DEADLINE)).isEqualTo(1);
            assertThat(up.log())
                    .contains("whimbrel: Redis cannot be used: it has appendonly yes, appendfsync everysec")
                    .contains("set them to yes, always and no there")
                    .doesNotContain("Exception");
        }
    }

    @Test
    void runsWithoutRedis() throws Exception {
        try (Part up = up("--broker=memory");
                Client anna = Client.of(web(up)).connect(gateway(up))) {
            anna.publish(anna.address(), "\"in memory\"");

            assertThat(anna.receive().path("message").asText()).isEqualTo("in memory");
            assertThat(up.log()).doesNotContain("EmbeddedRedis");
        }
    }

    @Test
    void everyMetricIsDocumented() throws Exception {
        String documented = Files.readString(Part.ROOT.resolve("docs/operating.md"));
        try (Part up = up("--broker=memory")) {
            web(up);

            Set<String> shown = new TreeSet<>(metrics(adminPort(up, "web server")));
            shown.addAll(metrics(adminPort(up, "gateway")));

            assertThat(shown)
                    .hasSizeGreaterThan(30)
                    .filteredOn(metric -> !documented.contains('`' + metric + '`'))
                    .isEmpty();
        }
    }

    /** Our own names, of {@code # TYPE whimbrel_… counter}; a histogram's largest value of late has a name beside its own. */
    private static List<String> metrics(int adminPort) throws Exception {
        return Client.text(adminPort, "/metrics")
                .lines()
                .filter(line -> line.startsWith("# TYPE whimbrel_"))
                .map(line -> line.split(" "))
                .map(words -> words[2].replaceFirst("_max$", ""))
                .toList();
    }

    @Test
    void aSecondOneOnTheSameDataIsRefused() throws Exception {
        try (Part first = up()) {
            web(first);

            try (Part second = up()) {
                assertThat(second.awaitEnd(Part.DEADLINE)).isEqualTo(1);
                assertThat(second.log())
                        .contains("used by another running whimbrel")
                        .doesNotContain("\tat ");
            }
        }
    }

    @Test
    void logsOneJsonObjectALine() throws Exception {
        try (Part up = up("--log-format", "json", "--broker", "memory")) {
            up.awaitInLog(Pattern.compile("web server on port (\\d+)"));

            assertThat(up.log().lines()).allMatch(line -> line.startsWith("{") && line.endsWith("}"));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--web.prot=1 | Unknown option: '--web.prot=1'",
                "--web.port=70000 | web.port is \"70000\", but must be a whole number, 0 to 65535",
                "--web.port=abc | web.port is \"abc\", but must be a whole number",
                "--gateway.ping.timeout=1y | gateway.ping.timeout is \"1y\", but must be a time such as",
                "--auth.secret=short | auth.secret has 5 bytes; a secret has at least 32",
                "--auth.authenticator=basic | auth.users-file",
                "--broker.type=kafka | broker.type is \"kafka\", but must be one of redis, memory",
                "--config=/does/not/exist.yaml | /does/not/exist.yaml cannot be read: there is no such file"
            })
    void anImpossibleSettingStopsTheStartWithASentence(String example) throws Exception {
        String[] parts = example.split(" \\| ");

        try (Part up = up(parts[0])) {
            assertThat(up.awaitEnd(Part.DEADLINE)).isEqualTo(2);
            assertThat(up.log()).contains(parts[1]).doesNotContain("Exception").doesNotContain("\tat ");
        }
    }

    private Part up(String... more) throws IOException {
        return Up.start(folder.resolve("data"), more);
    }
}
