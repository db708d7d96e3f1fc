package io.whimbrel.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** {@code whimbrel up} keeps messages for those who are not there, also over its own end. */
@Tag("story")
class InboxStoryTest {
    /** 7 s are promised; busy machines are given more. */
    private static final Duration STOPS_WITHIN = Duration.ofSeconds(20);

    private static final Pattern CURSORS_MOVED = Pattern.compile("(?m)^whimbrel_gateway_cursors_moved_total (\\S+)$");

    @TempDir
    private static Path folder;

    private static Part up;

    @BeforeAll
    static void start() throws Exception {
        up = Up.start(folder.resolve("data"), Backend.SETTING);
    }

    @AfterAll
    static void stop() throws Exception {
        up.close();
    }

    enum Ending {
        IN_ORDER {
            @Override
            void end() throws Exception {
                up.signal("TERM");
                assertThat(up.awaitEnd(STOPS_WITHIN)).isZero();
            }
        },
        KILLED {
            @Override
            void end() throws Exception {
                up.kill();
            }
        };

        abstract void end() throws Exception;
    }

    @Test
    void aMessageForSomebodyWhoIsNotThereComesOnTheNextConnectionAndOnlyThen() throws Exception {
        Client anna = Client.of(Up.web(up));
        JsonNode answer = backend().publish(anna.address(), "\"for later\"");

        assertThat(answer.path("online").asBoolean(true)).isFalse();
        assertThat(answer.path("stored").asBoolean()).isTrue();
        try (anna) {
            anna.connect(Up.gateway(up));
            assertThat(anna.receive().path("id").asText())
                    .isEqualTo(answer.path("id").asText());
            assertThat(backend()
                            .publish(anna.address(), "\"now\"")
                            .path("online")
                            .asBoolean())
                    .isTrue();
            assertThat(anna.receive().path("message").asText()).isEqualTo("now");
            assertThat(anna.waiting()).isZero();
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatWasKeptIsThereAfterARestart(Ending ending) throws Exception {
        Client neverHere = Client.of(Up.web(up));
        Client wasHere = Client.of(Up.web(up));
        Client tells = Client.of(Up.web(up)).connectWith(Up.gateway(up), "&acks=1");
        backend().publish(tells.address(), "\"read\"");
        JsonNode read = tells.receive();
        tells.close();
        wasHere.connectWith(Up.gateway(up), "&acks=1");
        backend().publish(wasHere.address(), "\"read\"");
        ackAndAwait(wasHere, wasHere.receive().path("offset").asLong());
        wasHere.close();
        for (Client client : List.of(neverHere, wasHere, tells)) {
            backend().publish(client.address(), "1");
            backend().publish(client.address(), "2");
        }

        ending.end();

        up = Up.start(folder.resolve("data"), Backend.SETTING);
        assertComes(neverHere, "", "1", "2", "now");
        assertComes(wasHere, "&acks=1", "1", "2", "now");
        assertComes(
                tells,
                "&offset=%d&epoch=%s"
                        .formatted(
                                read.path("offset").asLong(), read.path("epoch").asText()),
                "1",
                "2",
                "now");
    }

    /** Until Redis has been told: a gateway that is killed before that tells nobody. */
    private static void ackAndAwait(Client client, long offset) throws Exception {
        double before = cursorsMoved();
        client.ack(offset);
        await().atMost(Part.DEADLINE)
                .untilAsserted(() -> assertThat(cursorsMoved()).isGreaterThan(before));
    }

    private static double cursorsMoved() throws Exception {
        String all = Client.text(Up.adminPort(up, "gateway"), "/metrics");
        Matcher found = CURSORS_MOVED.matcher(all);
        assertThat(found.find()).as(all).isTrue();
        return Double.parseDouble(found.group(1));
    }

    private static void assertComes(Client client, String saying, String... messages) throws Exception {
        try (Client back = client.tab().connectWith(Up.gateway(up), saying)) {
            backend().publish(client.address(), "\"now\"");

            assertThat(back.receiveUntil("now"))
                    .extracting(frame -> frame.path("message").asText())
                    .containsExactly(messages);
        }
    }

    private static Backend backend() {
        return new Backend(Up.web(up));
    }
}
