package io.whimbrel.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code whimbrel bench} with few clients for a second or two: it must run, count right and lose nothing. No timing is judged. */
class BenchTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** What a busy machine may be to blame for. */
    private static final Pattern TOO_LATE = Pattern.compile("but must (take less|be)");

    @TempDir
    private static Path folder;

    private static Town town;

    @BeforeAll
    static void start() throws Exception {
        town = new Town(folder).start(2);
    }

    @AfterAll
    static void stop() throws Exception {
        town.close();
    }

    @Test
    void holdsConnectionsAndPublishesToOneAndToAll() throws Exception {
        JsonNode connect = bench("connect", "--connections=30", "--pids=web:" + town.web.pid());
        JsonNode fanout = bench("fanout", "--connections=30", "--rate=50", "--publishers=4");
        JsonNode unicast = bench("unicast", "--connections=40", "--in-flight=4", "--publishers=4", "--drain=10s");

        assertThat(connect.at("/connects/opened").asInt()).isEqualTo(30);
        assertThat(connect.at("/processes/0/rssBytes").asLong()).isPositive();
        assertThatNothingIsMissing(fanout);
        assertThat(fanout.at("/losses/expected").asLong() % 30).isZero();
        assertThatNothingIsMissing(unicast);
        assertThat(unicast.at("/connects/opened").asInt()).isEqualTo(40);
        assertThat(Client.get(town.web.port(), "/token").path("token").asText()).isNotEmpty();
    }

    @Test
    void stormsWhileQuickSessionsGoOn() throws Exception {
        JsonNode storm = bench("storm", "--connections=60", "--probes=5", "--rate=50", "--drain=1s");

        assertThat(storm.at("/connects/opened").asInt()).isEqualTo(60);
        assertThat(storm.at("/connects/refusals")).isEmpty();
        assertThat(storm.at("/losses/expected").asLong()).isPositive();
        assertThat(storm.at("/losses/lost").asLong()).isZero();
    }

    @Test
    void cutsClientsOffAndSeesThemGetWhatTheyMissed() throws Exception {
        JsonNode jitter =
                bench("jitter", "--connections=20", "--rate=100", "--cut-every=400ms", "--away=100ms", "--drain=10s");

        assertThat(jitter.at("/connects/closes/cut by the bench").asLong()).isPositive();
        assertThat(jitter.at("/comebacks/count").asLong()).isPositive();
        assertThat(jitter.at("/replays/count").asLong()).isPositive();
        assertThatAllWasRecovered(jitter);
    }

    @Test
    void stopsReadingBesideThoseThatRead() throws Exception {
        JsonNode slow = bench("slow", "--connections=20", "--stopped=5", "--rate=100", "--publishers=4");

        assertThatNothingIsMissing(slow);
        assertThat(slow.at("/losses/expected").asLong() % 20).isZero();
        assertThat(slow.at("/latencyBefore/count").asLong()).isPositive();
        assertThat(slow.at("/latency/count").asLong()).isPositive();
    }

    @Test
    void restartsAGatewayUnderLoad() throws Exception {
        Part staying = town.gateways.getFirst();
        Part leaving = town.startGateway(town.redis.port(), town.web.port());
        leaving.awaitReadiness(200);

        JsonNode deploy = bench(
                "deploy",
                "--gateway=" + urls(List.of(staying, leaving)),
                "--connections=20",
                "--rate=100",
                "--drain=10s",
                "--command=kill " + leaving.pid());

        assertThat(deploy.at("/connects/closes/3001").asLong()).isEqualTo(10);
        assertThat(deploy.at("/comebacks/count").asLong()).isGreaterThanOrEqualTo(10);
        assertThatAllWasRecovered(deploy);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "gossip | 2 | The scenario is \"gossip\", but must be one of connect, fanout, unicast, storm, slow,"
                        + " jitter, deploy",
                "fanout --size=5 | 2 | --size is 5, but must be 32 to",
                "fanout --duration=soon | 2 | \"soon\" is no time such as 300ms",
                "fanout --json=/does/not/exist | 2 | /does/not/exist cannot be written",
                "fanout --web=http://127.0.0.1:FREE | 1 | does not answer (connection refused): start it, or correct"
                        + " --web",
                "fanout --connections=999000 | 1 | This process may open",
            })
    void whatCannotBeMeasuredIsSaidInOneSentence(String example) throws Exception {
        String free;
        try (ServerSocket socket = new ServerSocket(0)) {
            free = Integer.toString(socket.getLocalPort());
        }
        String[] parts = example.replace("FREE", free).split(" \\| ");

        try (Part bench = Part.start("bench", parts[0].split(" "))) {
            assertThat(bench.awaitEnd(Part.DEADLINE)).isEqualTo(Integer.parseInt(parts[1]));
            assertThat(bench.log()).contains("whimbrel: ").contains(parts[2]).doesNotContain("Exception");
        }
    }

    private static void assertThatAllWasRecovered(JsonNode result) {
        JsonNode losses = result.path("losses");
        assertThat(losses.path("expected").asLong()).isPositive();
        assertThat(losses.path("received")).isEqualTo(losses.path("expected"));
        for (String none : List.of("missing", "duplicates", "outOfOrder", "notRecovered", "stillAway")) {
            assertThat(losses.path(none).asLong(-1)).as(none).isZero();
        }
    }

    private static void assertThatNothingIsMissing(JsonNode result) {
        assertThat(result.path("success").asBoolean()).isTrue();
        assertThat(result.at("/losses/expected").asLong()).isPositive();
        assertThat(result.at("/losses/received")).isEqualTo(result.at("/losses/expected"));
        assertThat(result.at("/losses/lost").asLong()).isZero();
        assertThat(result.at("/losses/duplicates").asLong()).isZero();
        assertThat(result.at("/latency/count").asLong()).isPositive();
    }

    /** Runs it against the town; answers its JSON. */
    private JsonNode bench(String scenario, String... more) throws IOException, InterruptedException {
        Path json = folder.resolve(scenario + ".json");
        Path html = folder.resolve(scenario + ".html");
        List<String> arguments = new ArrayList<>(List.of(more));
        arguments.addAll(List.of(
                scenario,
                "--web=http://127.0.0.1:" + town.web.port(),
                "--warm-up=200ms",
                "--duration=1s",
                "--json=" + json,
                "--html=" + html));
        if (arguments.stream().noneMatch(argument -> argument.startsWith("--gateway="))) {
            arguments.add("--gateway=" + urls(town.gateways));
        }
        try (Part bench = Part.start("bench", arguments.toArray(String[]::new))) {
            int code = bench.awaitEnd(Part.DEADLINE);
            assertThat(json).as(bench.log()).exists();
            List<JsonNode> failures = new ArrayList<>();
            JSON.readTree(Files.readString(json)).path("failures").forEach(failures::add);
            assertThat(code).as(bench.log()).isEqualTo(failures.isEmpty() ? 0 : 1);
            assertThat(failures)
                    .as(bench.log())
                    .allMatch(failure -> TOO_LATE.matcher(failure.asText()).find());
            assertThat(bench.log()).contains("whimbrel bench " + scenario).doesNotContain("Exception");
        }
        assertThat(html).content().contains("whimbrel bench " + scenario, "<svg");
        return JSON.readTree(Files.readString(json));
    }

    private static String urls(List<Part> gateways) {
        return gateways.stream()
                .map(gateway -> "ws://127.0.0.1:%d/ws".formatted(gateway.port()))
                .collect(Collectors.joining(","));
    }
}
