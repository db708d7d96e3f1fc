package io.whimbrel.gateway;

import static io.whimbrel.gateway.FakeVerifier.tokenOf;
import static io.whimbrel.gateway.RawClient.upgrade;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.whimbrel.model.Address;
import io.whimbrel.model.Position;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a client that says where it stands gets of what it missed. */
class RecoveryTest extends KeptTopics {
    @Test
    void whoWasAwayGetsWhatItMissedAndThenWhatIsNew() throws Exception {
        Position seen = publish(1, 3);
        publish(4, 6);

        try (RawClient raw = open(seen)) {
            publish(7, 7);

            assertThat(offsets(raw, 4)).containsExactly(4L, 5L, 6L, 7L);
        }
        assertThat(metric("whimbrel.gateway.replayed")).isEqualTo(3);
        assertThat(metric("whimbrel.gateway.not.recovered")).isZero();
    }

    @Test
    void framesCarryTheirPosition() throws Exception {
        try (RawClient raw = open(null)) {
            Position position = publish(1, 1);

            assertThat(raw.readMessage().text())
                    .matches("\\{\"message\":1,\"id\":\"m1\",\"time\":7,\"offset\":1,\"epoch\":\"" + position.epoch()
                            + "\"}");
        }
    }

    @Test
    void whoMissedNothingIsToldNothing() throws Exception {
        Position seen = publish(1, 3);

        try (RawClient raw = open(seen)) {
            publish(4, 4);

            assertThat(offsets(raw, 1)).containsExactly(4L);
        }
    }

    @Test
    void whoMissedMoreThanIsKeptIsToldAndGetsTheRest() throws Exception {
        Position seen = publish(1, 3);
        publish(4, 150);

        try (RawClient raw = open(seen)) {
            JsonNode notice = next(raw);
            assertThat(notice.path("recovered").asBoolean(true)).isFalse();
            assertThat(notice.path("offset").asLong()).isEqualTo(150 - KEPT);
            assertThat(notice.path("epoch").asText()).isEqualTo(seen.epoch());
            assertThat(offsets(raw, KEPT)).isEqualTo(range(151 - KEPT, 150));
        }
        assertThat(metric("whimbrel.gateway.not.recovered")).isEqualTo(1);
    }

    @Test
    void anotherEpochIsToldAndEverythingKeptComes() throws Exception {
        Position last = publish(1, 3);

        try (RawClient raw = open(new Position("another", 2))) {
            JsonNode notice = next(raw);
            assertThat(notice.path("offset").asLong(-1)).isZero();
            assertThat(notice.path("epoch").asText()).isEqualTo(last.epoch());
            assertThat(offsets(raw, 3)).containsExactly(1L, 2L, 3L);
        }
    }

    @Test
    void aPositionBeyondTheTopIsToldAndEverythingKeptComes() throws Exception {
        Position last = publish(1, 3);

        try (RawClient raw = open(last.at(9))) {
            assertThat(next(raw).path("offset").asLong(-1)).isZero();
            assertThat(offsets(raw, 3)).containsExactly(1L, 2L, 3L);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "offset=1",
                "epoch=a",
                "offset=-1&epoch=a",
                "offset=1x&epoch=a",
                "offset=1&epoch=%22",
                "offset=1&offset=2&epoch=a",
                "offset=99999999999999999999&epoch=a"
            })
    void aPositionNobodyCanHaveBeenToldIsRefused(String query) throws Exception {
        try (RawClient raw = new RawClient(gateway.port())) {
            assertThat(raw.exchange(upgrade("/ws?token=" + tokenOf(client) + "&" + query)))
                    .startsWith("HTTP/1.1 400 ");
        }
    }

    @Test
    void whatWasMissedIsGivenOnlyAsFastAsTheClientReads() throws Exception {
        byte[] large = ("\"" + "x".repeat(60_000) + "\"").getBytes(UTF_8);
        Position seen = publish(1, 1);
        for (int i = 2; i <= KEPT; i++) {
            publish(new Publication("m" + i, Topic.of(client), 7, null, large));
        }

        try (RawClient raw = new RawClient(gateway.port(), 4096)) {
            raw.exchange(upgrade(target(seen)));
            publish(KEPT + 1, KEPT + 1);

            assertThat(offsets(raw, KEPT)).isEqualTo(range(2, KEPT + 1));
        }
    }

    @Test
    void aPublicationThatIsLostOnTheWayIsReadFromWhatIsKept() throws Exception {
        try (RawClient raw = open(null);
                RawClient other = open(null)) {
            publish(1, 2);
            loses = publication ->
                    publication.id().equals("m3") || publication.id().equals("m4");
            publish(3, 6);

            assertThat(offsets(raw, 6)).isEqualTo(range(1, 6));
            assertThat(offsets(other, 6)).isEqualTo(range(1, 6));
        }
    }

    @Test
    void aLostTailIsReadWhenSubscriptionsWereRenewed() throws Exception {
        try (RawClient raw = open(null)) {
            publish(1, 2);
            loses = _ -> true;
            publish(3, 4);

            listener.get().onRenewed();

            assertThat(offsets(raw, 4)).isEqualTo(range(1, 4));
        }
    }

    /** Also of one that shares its event loop with some of them: there are two. */
    @Test
    void aLostTailDoesNotWaitForTopicsWhosePartOfTheBrokerIsAway() throws Exception {
        List<Address> neighbours = Stream.generate(verifier::newClient).limit(4).toList();
        List<RawClient> others = new ArrayList<>();
        try (RawClient raw = open(null)) {
            for (Address neighbour : neighbours) {
                others.add(RawClient.open(gateway.port(), tokenOf(neighbour)));
            }
            publish(1, 2);
            assertThat(offsets(raw, 2)).isEqualTo(range(1, 2));
            publishToEach(neighbours);
            for (RawClient other : others) {
                assertThat(offsets(other, 1)).isEqualTo(range(1, 1));
            }
            loses = _ -> true;
            publish(3, 4);
            publishToEach(neighbours);
            away = neighbours.stream().map(Topic::of).collect(Collectors.toSet());

            listener.get().onRenewed();
            assertThat(offsets(raw, 2)).isEqualTo(range(3, 4));
            publish(5, 5);
            listener.get().onRenewed();
            assertThat(offsets(raw, 1)).isEqualTo(range(5, 5));

            away = Set.of();
            for (RawClient other : others) {
                assertThat(offsets(other, 1)).isEqualTo(range(2, 2));
            }
        } finally {
            for (RawClient other : others) {
                other.close();
            }
        }
    }

    private void publishToEach(List<Address> addresses) throws Exception {
        for (Address address : addresses) {
            publish(new Publication("to-" + address, Topic.of(address), 7, null, "1".getBytes(UTF_8)));
        }
    }

    @Test
    void aLostTailIsFoundWithinTheTimeOfACheck() throws Exception {
        gateway.stop();
        start(TestGateway.settings()
                .withTiming(TestGateway.settings().timing().withHistoryCheck(Duration.ofMillis(50))));
        try (RawClient raw = open(null)) {
            publish(1, 2);
            loses = _ -> true;
            publish(3, 4);

            assertThat(offsets(raw, 4)).isEqualTo(range(1, 4));
        }
    }

    @Test
    void aGapThatCannotBeFilledIsToldToWhoWantsToKnow() throws Exception {
        Position before = publish(1, 1);
        try (RawClient told = open(before);
                RawClient other = open(null)) {
            publish(2, 2);
            assertThat(offsets(told, 1)).containsExactly(2L);
            while (offsets(other, 1).getFirst() < 2) {
                // Whether it gets the first one depends on whether the other's position has become the cursor yet.
            }
            loses = _ -> true;
            publish(3, 2 + KEPT + 1);
            loses = _ -> false;
            publish(4 + KEPT, 4 + KEPT);

            JsonNode notice = next(told);
            assertThat(notice.path("recovered").asBoolean(true)).isFalse();
            assertThat(notice.path("offset").asLong()).isEqualTo(4);
            assertThat(offsets(told, KEPT)).isEqualTo(range(5, 4 + KEPT));
            assertThat(offsets(other, KEPT)).isEqualTo(range(5, 4 + KEPT));
        }
        assertThat(metric("whimbrel.gateway.not.recovered")).isEqualTo(2);
    }

    /** As when Redis was wiped, or a topic rested for a month. */
    @Test
    void anotherEpochIsToldToWhoWantsToKnowAndNobodyIsLeftOut() throws Exception {
        Position before = publish(1, 2);
        try (RawClient told = open(before);
                RawClient other = open(before.at(1))) {
            assertThat(offsets(other, 1)).containsExactly(2L);
            later = Duration.ofDays(31);
            Position after = publish(1, 1);
            assertThat(after.epoch()).isNotEqualTo(before.epoch());

            for (RawClient each : List.of(told, other)) {
                JsonNode notice = next(each);
                assertThat(notice.path("recovered").asBoolean(true)).isFalse();
                assertThat(notice.path("offset").asLong(-1)).isZero();
                assertThat(notice.path("epoch").asText()).isEqualTo(after.epoch());
                assertThat(offsets(each, 1)).containsExactly(1L);
            }
            publish(2, 3);
            assertThat(offsets(told, 2)).containsExactly(2L, 3L);
        }
    }

    @Test
    void anotherEpochIsToldBeforeAnythingIsPublishedInIt() throws Exception {
        Position before = publish(1, 2);
        try (RawClient told = open(before)) {
            later = Duration.ofDays(31);

            listener.get().onRenewed();

            JsonNode notice = next(told);
            assertThat(notice.path("recovered").asBoolean(true)).isFalse();
            assertThat(notice.path("offset").asLong(-1)).isZero();
            assertThat(notice.path("epoch").asText()).isNotEqualTo(before.epoch());
            publish(1, 2);
            assertThat(offsets(told, 2)).containsExactly(1L, 2L);
        }
    }

    /** A publication that comes while the gateway finds out must not be taken for the one that was due. */
    @Test
    void whatIsPublishedInAnotherEpochComesAfterTheNews() throws Exception {
        Position before = publish(1, 2);
        try (RawClient told = open(before)) {
            for (int i = 1; i <= 20; i++) {
                later = later.plusDays(31);
                listener.get().onRenewed();
                publish(1, 2);

                assertThat(next(told).path("recovered").asBoolean(true)).isFalse();
                assertThat(offsets(told, 2)).containsExactly(1L, 2L);
            }
        }
    }

    @Test
    void anotherEpochIsNoReasonToLeaveForWhoDoesNotWantToKnow() throws Exception {
        try (RawClient raw = open(null)) {
            publish(1, 2);
            assertThat(offsets(raw, 2)).containsExactly(1L, 2L);
            later = Duration.ofDays(31);
            publish(1, 2);

            assertThat(offsets(raw, 2)).containsExactly(1L, 2L);
        }
    }

    /** Clients come and go while messages come: each has every message once, in order, over all its connections. */
    @Test
    void nobodyMissesOrDoublesAnythingWhileMessagesCome() throws Exception {
        long seed = System.nanoTime();
        int count = 3_000;
        Position before = publish(1, 1);
        Thread publishing = Thread.ofVirtual().start(() -> {
            Random random = new Random(seed);
            for (int i = 2; i <= count; i++) {
                var _ = publisher.publish(publication(i));
                if (random.nextInt(20) == 0) {
                    await().pollDelay(1, TimeUnit.MILLISECONDS).until(() -> true);
                }
            }
        });
        List<Thread> clients = new ArrayList<>();
        List<String> wrong = Collections.synchronizedList(new ArrayList<>());
        for (int c = 0; c < 4; c++) {
            Random random = new Random(seed + c);
            clients.add(Thread.ofVirtual().start(() -> {
                try {
                    comeAndGo(before, count, random);
                } catch (IOException | AssertionError e) {
                    wrong.add(e.toString());
                }
            }));
        }

        for (Thread thread : clients) {
            assertThat(thread.join(Duration.ofSeconds(60))).as("seed %d", seed).isTrue();
        }
        assertThat(publishing.join(SOON)).isTrue();
        assertThat(wrong).as("seed %d", seed).isEmpty();
    }

    private void comeAndGo(Position from, int until, Random random) throws IOException {
        Position here = from;
        while (here.offset() < until) {
            try (RawClient raw = open(here)) {
                for (int left = 1 + random.nextInt(40); left > 0 && here.offset() < until; left--) {
                    RawClient.Frame frame = raw.readMessage();
                    if (frame.opcode() == ClientFrames.CLOSE) {
                        assertThat(frame.closing()).isEqualTo("3010 insufficient state");
                        break;
                    }
                    JsonNode json = JSON.readTree(frame.text());
                    long offset = json.path("offset").asLong();
                    if (json.has("message")) {
                        assertThat(offset).isEqualTo(here.offset() + 1);
                    } else {
                        // Away for longer than is kept, which is announced.
                        assertThat(offset).isGreaterThan(here.offset());
                    }
                    here = here.at(offset);
                }
            }
        }
    }
}
