package io.whimbrel.gateway;

import static io.whimbrel.gateway.RawClient.upgrade;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.whimbrel.model.Position;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a client that says nothing of where it stands gets: what is beyond the cursor of its address. */
class InboxTest extends KeptTopics {
    @Test
    void whatIsAcknowledgedWhileALongReplayGoesOnIsKnown() throws Exception {
        byte[] large = ("\"" + "x".repeat(60_000) + "\"").getBytes(UTF_8);
        for (int i = 1; i <= 90; i++) { // more than sockets take
            publish(new Publication("m" + i, Topic.of(client), 7, null, large));
        }

        try (RawClient raw = new RawClient(gateway.port(), 4096)) {
            raw.exchange(upgrade(target(null) + "&acks=1"));
            offsets(raw, 2);
            raw.send(ClientFrames.text("{\"ack\":2}"));

            awaitCursor(2);
        }
    }

    /** It comes in one write with one that is kept, and has no position itself. */
    @Test
    void aPlainRecordKeepsNobodyFromAcknowledging() throws Exception {
        try (RawClient raw = open(null)) {
            publish(1, 1);
            offsets(raw, 1);
            raw.send(ClientFrames.text("{\"ack\":1}"));
            awaitCursor(1);
            publish(2, 3);
            listener.get().onPublication(new Publication("plain", Topic.of(client), 7, null, new byte[] {'1'}));
            for (int i = 0; i < 3; i++) {
                raw.readMessage();
            }
            raw.send(ClientFrames.text("{\"ack\":3}"));
            awaitCursor(3);
        }
    }

    /** Nothing keeps it, so it would never come. */
    @Test
    void aPlainRecordReachesWhoIsStillBeingSentWhatItMissed() throws Exception {
        byte[] large = ("\"" + "x".repeat(60_000) + "\"").getBytes(UTF_8);
        for (int i = 1; i <= KEPT; i++) { // more than sockets take
            publish(new Publication("m" + i, Topic.of(client), 7, null, large));
        }

        try (RawClient raw = new RawClient(gateway.port(), 4096)) {
            raw.exchange(upgrade(target(null)));
            offsets(raw, 1);
            listener.get().onPublication(new Publication("plain", Topic.of(client), 7, null, new byte[] {'1'}));
            List<Long> offsets = new ArrayList<>();
            for (int i = 0; i < KEPT; i++) {
                offsets.add(next(raw).path("offset").asLong(-1));
            }

            assertThat(offsets).containsOnlyOnce(-1L);
            offsets.remove(-1L);
            assertThat(offsets).isEqualTo(range(2, KEPT));
        }
    }

    @Test
    void whatCameBeforeTheFirstConnectionIsThere() throws Exception {
        publish(1, 3);

        try (RawClient raw = open(null)) {
            publish(4, 4);

            assertThat(offsets(raw, 4)).isEqualTo(range(1, 4));
        }
    }

    @Test
    void whatASocketTookDoesNotComeAgain() throws Exception {
        try (RawClient raw = open(null)) {
            publish(1, 3);
            assertThat(offsets(raw, 3)).isEqualTo(range(1, 3));
        }
        awaitCursor(3);
        publish(4, 5);

        try (RawClient raw = open(null)) {
            assertThat(offsets(raw, 2)).isEqualTo(range(4, 5));
        }
    }

    @Test
    void whatWasReplayedDoesNotComeAgain() throws Exception {
        publish(1, 90);
        try (RawClient raw = open(null)) {
            assertThat(offsets(raw, 90)).isEqualTo(range(1, 90));
        }
        awaitCursor(90);
    }

    @Test
    void moreThanIsKeptIsNotToldToWhoSaysNothing() throws Exception {
        publish(1, 150);

        try (RawClient raw = open(null)) {
            assertThat(offsets(raw, KEPT)).isEqualTo(range(151 - KEPT, 150));
        }
        assertThat(metric("whimbrel.gateway.not.recovered")).isEqualTo(1);
    }

    @Test
    void moreThanIsKeptIsToldToWhoSaysThatItAcknowledges() throws Exception {
        publish(1, 150);

        try (RawClient raw = openAcknowledging()) {
            assertThat(next(raw).path("offset").asLong()).isEqualTo(150 - KEPT);
            assertThat(offsets(raw, KEPT)).isEqualTo(range(151 - KEPT, 150));
        }
    }

    /** Else it would hear of the same loss each time it comes. */
    @Test
    void whatIsLostCanBeAcknowledged() throws Exception {
        publish(1, 3);
        later = Duration.ofHours(2);
        try (RawClient raw = openAcknowledging()) {
            assertThat(next(raw).path("offset").asLong()).isEqualTo(3);
            raw.send(ClientFrames.text("{\"ack\":3}"));
            awaitCursor(3);
        }

        try (RawClient raw = openAcknowledging()) {
            publish(4, 4);
            assertThat(offsets(raw, 1)).containsExactly(4L);
        }
    }

    @Test
    void whatIsLostToWhoSaysNothingIsDoneWith() throws Exception {
        publish(1, 3);
        later = Duration.ofHours(2);
        try (RawClient raw = open(null)) {
            awaitCursor(3);
            publish(4, 4);
            assertThat(offsets(raw, 1)).containsExactly(4L);
        }
    }

    @Test
    void fromTheFirstAcknowledgementOnOnlyThoseCount() throws Exception {
        try (RawClient raw = open(null)) {
            publish(1, 3);
            assertThat(offsets(raw, 3)).isEqualTo(range(1, 3));
            awaitCursor(3);
            raw.send(ClientFrames.text("{\"ack\":3}"));
            raw.send(ClientFrames.ping("?"));
            assertThat(raw.readFrame().text()).isEqualTo("?");
            publish(4, 5);
            assertThat(offsets(raw, 2)).isEqualTo(range(4, 5));
        }

        try (RawClient raw = open(null)) {
            assertThat(offsets(raw, 2)).isEqualTo(range(4, 5));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"ack\":2}", " { \"ack\" : 2, \"more\" : [1, {}] } "})
    void whoAcknowledgesGetsTheRestAgain(String ack) throws Exception {
        publish(1, 3);
        try (RawClient raw = openAcknowledging()) {
            assertThat(offsets(raw, 3)).isEqualTo(range(1, 3));
            raw.send(ClientFrames.text(ack));
            awaitCursor(2);
        }

        try (RawClient raw = openAcknowledging()) {
            assertThat(offsets(raw, 1)).containsExactly(3L);
        }
    }

    @Test
    void anAcknowledgementInPiecesCounts() throws Exception {
        publish(1, 1);
        try (RawClient raw = openAcknowledging()) {
            assertThat(offsets(raw, 1)).containsExactly(1L);

            raw.send(ClientFrames.frame(ClientFrames.TEXT, "{\"a".getBytes(UTF_8)));
            raw.send(ClientFrames.frame(ClientFrames.FIN, "ck\":1}".getBytes(UTF_8)));

            awaitCursor(1);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"ack\":4}",
                "{\"ack\":99999999999999999999}",
                "{\"ack\":-1}",
                "{\"ack\":\"3\"}",
                "{\"ack\":3",
                "[\"ack\",3]",
                "{\"ack\":3}{}",
                ""
            })
    void whatIsNoAcknowledgementOfWhatWasSentMovesNothing(String text) throws Exception {
        publish(1, 3);
        try (RawClient raw = openAcknowledging()) {
            assertThat(offsets(raw, 3)).isEqualTo(range(1, 3));
            raw.send(ClientFrames.text(text));
            raw.send(ClientFrames.ping("?"));
            assertThat(raw.readFrame().text()).isEqualTo("?");
        }

        try (RawClient raw = openAcknowledging()) {
            assertThat(offsets(raw, 3)).isEqualTo(range(1, 3));
        }
        assertThat(metric("whimbrel.gateway.acks.ignored")).isEqualTo(text.contains("4}") ? 1 : 0);
    }

    @Test
    void aPositionIsAnAcknowledgement() throws Exception {
        Position seen = publish(1, 3);
        publish(4, 4);
        try (RawClient raw = open(seen)) {
            assertThat(offsets(raw, 1)).containsExactly(4L);
        }
        awaitCursor(3);

        try (RawClient raw = open(null)) {
            assertThat(offsets(raw, 1)).containsExactly(4L);
        }
    }

    @Test
    void aPositionWinsOverTheCursor() throws Exception {
        Position seen = publish(1, 3);
        try (RawClient raw = open(null)) {
            assertThat(offsets(raw, 3)).isEqualTo(range(1, 3));
            awaitCursor(3);
        }

        try (RawClient raw = open(seen.at(1))) {
            assertThat(offsets(raw, 2)).containsExactly(2L, 3L);
        }
    }

    @Test
    void twoTabsOfOneAddressGetEverything() throws Exception {
        try (RawClient one = open(null);
                RawClient other = open(null)) {
            publish(1, 50);

            assertThat(offsets(one, 50)).isEqualTo(range(1, 50));
            assertThat(offsets(other, 50)).isEqualTo(range(1, 50));
        }
    }

    /** The next one gets the rest, from the first publication on that the first one's socket did not take whole. */
    @Test
    void whatASocketTookInPartComesAgainOnlyFromThere() throws Exception {
        byte[] large = ("\"" + "x".repeat(50_000) + "\"").getBytes(UTF_8);
        for (int i = 1; i <= KEPT; i++) {
            publish(new Publication("m" + i, Topic.of(client), 7, null, large));
        }
        long last = 0;
        try (RawClient raw = new RawClient(gateway.port(), 4096)) {
            raw.exchange(upgrade(target(null)));
            last = offsets(raw, 3).getLast();
        }

        await().atMost(SOON).until(() -> cursor() >= 3);
        await().atMost(SOON).until(() -> gauge("whimbrel.gateway.sessions") == 0);
        try (RawClient raw = open(null)) { // which is answered after the cursor was told
            long from = offsets(raw, 1).getFirst();
            assertThat(from).isBetween(last + 1, (long) KEPT);
        }
    }

    @Test
    void whoStopsTheGatewayLosesNoCursor() throws Exception {
        try (RawClient raw = open(null)) {
            publish(1, 3);
            assertThat(offsets(raw, 3)).isEqualTo(range(1, 3));

            gateway.stop();
        }

        assertThat(cursor()).isEqualTo(3);
    }

    private RawClient openAcknowledging() throws IOException {
        RawClient raw = new RawClient(gateway.port());
        assertThat(raw.exchange(upgrade(target(null) + "&acks=1"))).startsWith("HTTP/1.1 101 ");
        return raw;
    }

    private double gauge(String name) {
        return metrics.get(name).gauge().value();
    }
}
