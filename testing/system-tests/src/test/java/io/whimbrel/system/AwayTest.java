package io.whimbrel.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a client finds that was away, or whose acknowledgements were: it comes back to another gateway each time. */
@Tag("story")
class AwayTest {
    private static final int KEPT = 100;
    private static final Pattern ACKS_IGNORED = Pattern.compile("(?m)^whimbrel_gateway_acks_ignored_total (\\S+)$");

    @TempDir
    private static Path folder;

    private static Town town;
    private static Backend backend;
    private static int here;
    private static int there;

    @BeforeAll
    static void start() throws Exception {
        town = new Town(folder);
        town.webSettings.add(Backend.SETTING);
        town.start(2);
        backend = town.backend();
        here = town.gatewayPort();
        there = town.gateways.get(1).port();
    }

    @AfterAll
    static void stop() throws Exception {
        town.close();
    }

    /** How a client says what it has. */
    enum Kind {
        BRINGS_POSITION,
        ACKNOWLEDGES,
        /** As clients of the original do: not at all. */
        SAYS_NOTHING;

        String firstTime() {
            return this == SAYS_NOTHING ? "" : "&acks=1";
        }

        String with(JsonNode last) {
            return this == BRINGS_POSITION ? position(last) : firstTime();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "1, BRINGS_POSITION",
        "1, ACKNOWLEDGES",
        "1, SAYS_NOTHING",
        "10, BRINGS_POSITION",
        "10, ACKNOWLEDGES",
        "10, SAYS_NOTHING"
    })
    void whoWasAwayForSomeMessagesGetsJustThose(int missed, Kind kind) throws Exception {
        Client anna = town.newClient();
        JsonNode last = receiveOneAndLeave(anna, kind);
        publish(anna, missed);

        List<JsonNode> frames = comeBack(anna, kind.with(last));

        assertThat(offsets(frames)).isEqualTo(range(2, missed + 2));
        assertThat(messages(frames)).isEqualTo(numbersThenNow(0, missed));
    }

    @ParameterizedTest
    @CsvSource({"BRINGS_POSITION", "ACKNOWLEDGES"})
    void whoWasAwayForMoreThanIsKeptIsToldSoAndGetsWhatIsKept(Kind kind) throws Exception {
        Client anna = town.newClient();
        JsonNode last = receiveOneAndLeave(anna, kind);
        publish(anna, 150);

        List<JsonNode> frames = comeBack(anna, kind.with(last));

        JsonNode told = frames.removeFirst();
        assertThat(told.path("recovered").asBoolean(true)).isFalse();
        assertThat(told.path("offset").asLong()).isEqualTo(51);
        assertThat(told.path("epoch").asText()).isEqualTo(last.path("epoch").asText());
        assertThat(told.has("message")).isFalse();
        assertThat(offsets(frames)).isEqualTo(range(152 - KEPT, 152));
        assertThat(messages(frames)).isEqualTo(numbersThenNow(150 - KEPT, 150));
    }

    @Test
    void whoSaysNothingGetsWhatIsKeptAndNothingItCouldNotRead() throws Exception {
        Client anna = town.newClient();
        JsonNode last = receiveOneAndLeave(anna, Kind.SAYS_NOTHING);
        publish(anna, 150);

        List<JsonNode> frames = comeBack(anna, Kind.SAYS_NOTHING.with(last));

        assertThat(frames).allMatch(frame -> frame.has("message"));
        assertThat(messages(frames)).isEqualTo(numbersThenNow(150 - KEPT, 150));
    }

    @Test
    void whoComesForTheFirstTimeIsToldThatNotAllIsKept() throws Exception {
        Client anna = town.newClient();
        publish(anna, 150);

        List<JsonNode> frames = comeBack(anna, "&acks=1");

        assertThat(frames.removeFirst().path("offset").asLong(-1)).isEqualTo(50);
        assertThat(messages(frames)).isEqualTo(numbersThenNow(150 - KEPT, 150));
    }

    @Test
    void anAckThatDiesWithItsGatewayLetsTheMessageComeAgainAsTheSame() throws Exception {
        Part dying = town.startGateway(town.redis.port(), town.web.port());
        dying.awaitReadiness(200);
        try (Client anna = town.newClient().connectWith(dying.port(), "&acks=1")) {
            backend.publish(anna.address(), "\"once\"");
            JsonNode first = anna.receive();
            dying.signal("STOP");
            anna.ack(first.path("offset").asLong());
            dying.kill();

            List<JsonNode> frames = comeBack(anna, "&acks=1");

            assertThat(frames).hasSize(2);
            assertThat(frames.getFirst()).isEqualTo(first);
        }
    }

    @Test
    void whatWasNotAcknowledgedComesAgainAndTheRestDoesNot() throws Exception {
        try (Client anna = town.newClient().connectWith(here, "&acks=1")) {
            publish(anna, 5);
            for (int i = 0; i < 5; i++) {
                anna.receive();
            }
            ackAndAwait(anna, 3);
            leave(anna);

            assertThat(messages(comeBack(anna, "&acks=1"))).isEqualTo(numbersThenNow(3, 5));
        }
    }

    @Test
    void anAckOfWhatNeverCameIsIgnoredAndCounted() throws Exception {
        double before = acksIgnored();
        try (Client anna = town.newClient().connectWith(here, "&acks=1")) {
            publish(anna, 3);
            for (int i = 0; i < 3; i++) {
                anna.receive();
            }
            anna.ack(4).ack(Long.MAX_VALUE);
            await().atMost(Part.DEADLINE)
                    .untilAsserted(() -> assertThat(acksIgnored()).isEqualTo(before + 2));
            leave(anna);

            assertThat(messages(comeBack(anna, "&acks=1"))).isEqualTo(numbersThenNow(0, 3));
        }
    }

    @Test
    void eachOfTwoTabsGetsEverythingWhateverTheOtherAcknowledges() throws Exception {
        Client tab = town.newClient();
        JsonNode last = receiveOneAndLeave(tab, Kind.ACKNOWLEDGES);
        try (Client other = tab.tab().connectWith(there, "&acks=1")) {
            publish(tab, 10);
            for (int i = 0; i < 10; i++) {
                other.ack(other.receive().path("offset").asLong());
            }

            List<JsonNode> frames = comeBack(tab, position(last));

            assertThat(messages(frames)).isEqualTo(numbersThenNow(0, 10));
            assertThat(other.receive()).isEqualTo(frames.getLast());
            assertThat(other.waiting()).isZero();
        }
    }

    private static JsonNode receiveOneAndLeave(Client client, Kind kind) throws Exception {
        client.connectWith(here, kind.firstTime());
        backend.publish(client.address(), "\"before\"");
        JsonNode frame = client.receive();
        if (kind == Kind.ACKNOWLEDGES) {
            ackAndAwait(client, frame.path("offset").asLong());
        }
        leave(client);
        return frame;
    }

    /** The gateway reads in order: when it has ignored the second one, it has read the first. */
    private static void ackAndAwait(Client client, long offset) throws Exception {
        double before = acksIgnored();
        client.ack(offset).ack(Long.MAX_VALUE);
        await().atMost(Part.DEADLINE)
                .untilAsserted(() -> assertThat(acksIgnored()).isGreaterThan(before));
    }

    /** Until its gateway knows. */
    private static void leave(Client client) throws Exception {
        client.close();
        await().atMost(Part.DEADLINE)
                .untilAsserted(
                        () -> assertThat(sessionsOf(town.gateways.getFirst())).isZero());
    }

    /** Everything until "now", which is published when it is back. */
    private static List<JsonNode> comeBack(Client client, String saying) throws Exception {
        try (Client back = client.tab().connectWith(there, saying)) {
            backend.publish(client.address(), "\"now\"");
            return back.receiveUntil("now");
        }
    }

    private static void publish(Client to, int count) throws Exception {
        for (int i = 0; i < count; i++) {
            assertThat(backend.publish(to.address(), Integer.toString(i))
                            .path("stored")
                            .asBoolean())
                    .isTrue();
        }
    }

    private static String position(JsonNode frame) {
        return "&offset=%d&epoch=%s"
                .formatted(frame.path("offset").asLong(), frame.path("epoch").asText());
    }

    private static List<Long> offsets(List<JsonNode> frames) {
        return frames.stream().map(frame -> frame.path("offset").asLong()).toList();
    }

    private static List<String> messages(List<JsonNode> frames) {
        return frames.stream().map(frame -> frame.path("message").asText()).toList();
    }

    private static List<Long> range(long from, long to) {
        return LongStream.rangeClosed(from, to).boxed().toList();
    }

    private static List<String> numbersThenNow(int from, int until) {
        List<String> all = new ArrayList<>(
                IntStream.range(from, until).mapToObj(Integer::toString).toList());
        all.add("now");
        return all;
    }

    private static double acksIgnored() throws Exception {
        return metric(town.gateways.getFirst(), ACKS_IGNORED);
    }

    private static double sessionsOf(Part gateway) throws Exception {
        return metric(gateway, Pattern.compile("(?m)^whimbrel_gateway_sessions (\\S+)$"));
    }

    private static double metric(Part gateway, Pattern line) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:%d/metrics".formatted(gateway.adminPort())))
                .build();
        String all = Client.HTTP.send(request, BodyHandlers.ofString()).body();
        Matcher found = line.matcher(all);
        assertThat(found.find()).as(all).isTrue();
        return Double.parseDouble(found.group(1));
    }
}
