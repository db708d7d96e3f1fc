package io.whimbrel.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What publishers hear of their messages: as much as has happened, and no more. */
@Tag("story")
class ReceiptStoryTest {
    private static final String WRITTEN = ",\"receipt\":\"written\",\"timeout\":";
    private static final String ACKED = ",\"receipt\":\"acked\",\"timeout\":";
    /** In so many seconds what has happened is counted, also on busy machines. */
    private static final int ENOUGH = 5;

    private static final int KEPT = 100;
    private static final int LARGE_BYTES = 60_000;
    /** More than the system holds for one connection. */
    private static final int LARGE_ONES = 120;

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
        town.gatewaySettings.addAll(List.of(
                "--gateway.outbox.max-bytes=100000000", // for who does not read, and does not answer pings
                "--gateway.ping.interval=1h",
                "--gateway.ping.timeout=30m"));
        for (var settings : List.of(town.webSettings, town.gatewaySettings)) {
            settings.add("--history.topics=short.*=10/1s");
        }
        town.start(2);
        backend = town.backend();
        here = town.gatewayPort();
        there = town.gateways.get(1).port();
    }

    @AfterAll
    static void stop() throws Exception {
        town.close();
    }

    @Test
    void whereNobodyIsTheAnswerComesAtOnceAndTheMessageWaits() throws Exception {
        Client anna = town.newClient();

        JsonNode answer = backend.publish(anna.address(), "1", WRITTEN + 30);

        assertThat(answer.path("online").asBoolean(true)).isFalse();
        assertThat(answer.path("stored").asBoolean()).isTrue();
        assertReceipt(answer, 0, 0, 0, 0);
        assertThat(answer.path("receipt").path("ms").asInt(99_999)).isLessThan(10_000);
        String id = answer.path("id").asText();
        assertThat(backend.state(id)).isEqualTo("stored");
        try (anna) {
            anna.connectWith(here, "&acks=1");
            assertThat(anna.receive().path("id").asText()).isEqualTo(id);
            awaitState(id, "written");
            anna.ack(1);
            awaitState(id, "acked");
        }
        assertReceipt(backend.message(id), 0, 1, 1, 1);
    }

    @Test
    void writtenCountsEachSessionOnEachGateway() throws Exception {
        try (Client anna = town.newClient().connect(here);
                Client tab = anna.tab().connect(there);
                Client another = anna.tab().connect(there)) {
            JsonNode answer = backend.publish(anna.address(), "1", WRITTEN + 30);

            assertReceipt(answer, 2, 3, 3, 0);
            for (Client each : List.of(anna, tab, another)) {
                assertThat(each.receive().path("id")).isEqualTo(answer.path("id"));
            }
            assertThat(backend.state(answer.path("id").asText())).isEqualTo("written");
        }
    }

    @Test
    void ackedWaitsForEverySessionToSaySo() throws Exception {
        try (Client anna = town.newClient().connectWith(here, "&acks=1");
                Client tab = anna.tab().connectWith(there, "&acks=1")) {
            CompletableFuture<JsonNode> answer = inBackground(() -> backend.publish(anna.address(), "1", ACKED + 30));
            anna.ack(anna.receive().path("offset").asLong());
            tab.ack(tab.receive().path("offset").asLong());

            assertReceipt(answer.get(Part.DEADLINE.toSeconds(), TimeUnit.SECONDS), 2, 2, 2, 2);
        }
    }

    @Test
    void atTheTimeoutTheAnswerSaysHowFarItGot() throws Exception {
        try (Client anna = town.newClient().connectWith(here, "&acks=1");
                Client tab = anna.tab().connectWith(there, "&acks=1")) {
            CompletableFuture<JsonNode> answer =
                    inBackground(() -> backend.publish(anna.address(), "1", ACKED + ENOUGH));
            anna.ack(anna.receive().path("offset").asLong());
            tab.receive();

            JsonNode heard = answer.get(Part.DEADLINE.toSeconds(), TimeUnit.SECONDS);
            assertReceipt(heard, 2, 2, 2, 1);
            assertThat(heard.path("receipt").path("ms").asInt()).isGreaterThanOrEqualTo(ENOUGH * 1_000);
            assertThat(backend.state(heard.path("id").asText())).isEqualTo("acked");
        }
    }

    @Test
    void aGatewayThatHasNotAnsweredHasWrittenNothing() throws Exception {
        Part stopped = town.gateways.get(1);
        try (Client anna = town.newClient().connect(there)) {
            JsonNode answer;
            stopped.signal("STOP");
            try {
                answer = backend.publish(anna.address(), "1", WRITTEN + 1);

                assertReceipt(answer, 1, 0, 0, 0);
                assertThat(backend.state(answer.path("id").asText())).isEqualTo("routed");
            } finally {
                stopped.signal("CONT");
            }
            awaitState(answer.path("id").asText(), "written");
            assertThat(anna.receive().path("id")).isEqualTo(answer.path("id"));
        }
    }

    @Test
    void whatWaitsForAClientThatDoesNotReadIsNotWritten() throws Exception {
        Client anna = town.newClient();
        String large = '"' + "x".repeat(LARGE_BYTES) + '"';
        try (RawSocket lazy = RawSocket.withSmallReceiveBuffer(here)) {
            lazy.openWebSocket(anna.token());
            for (int i = 0; i < LARGE_ONES; i++) {
                backend.publish(anna.address(), large);
            }

            JsonNode answer = backend.publish(anna.address(), large, WRITTEN + ENOUGH);

            assertReceipt(answer, 1, 1, 0, 0);
            assertThat(backend.state(answer.path("id").asText())).isEqualTo("routed");
            lazy.readOn();
            awaitState(answer.path("id").asText(), "written");
        }
    }

    @Test
    void whatNobodyCameForInTimeIsExpired() throws Exception {
        JsonNode timed = backend.publishToTopic("short.news", "1", WRITTEN + 1);
        Client anna = town.newClient();
        JsonNode counted = backend.publish(anna.address(), "1", WRITTEN + 1);
        assertThat(backend.state(counted.path("id").asText())).isEqualTo("stored");

        for (int i = 0; i < KEPT; i++) {
            backend.publish(anna.address(), "2");
        }

        assertThat(backend.state(counted.path("id").asText())).isEqualTo("expired");
        awaitState(timed.path("id").asText(), "expired");
    }

    @Test
    void onlyItsSenderIsToldWhatBecameOfAMessage() throws Exception {
        Client anna = town.newClient();
        Client ben = town.newClient();
        String body = "{\"uuid_remote\":\"%s\",\"uuid_local\":\"%s\",\"message\":1%s1}"
                .formatted(ben.address(), anna.token(), WRITTEN);
        String answer = Client.post(town.web.port(), "/publish", "application/json", body)
                .body();
        String id = answer.replaceFirst(".*\"id\":\"([^\"]+)\".*", "$1");

        assertThat(anna.statusOf(id)).isEqualTo(200);
        assertThat(ben.statusOf(id)).isEqualTo(404);
    }

    private interface Call<T> {
        T run() throws Exception;
    }

    private static <T> CompletableFuture<T> inBackground(Call<T> call) {
        CompletableFuture<T> result = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try {
                result.complete(call.run());
            } catch (Throwable e) {
                result.completeExceptionally(e);
            }
        });
        return result;
    }

    private static void assertReceipt(JsonNode answer, int gateways, int sessions, int written, int acked) {
        JsonNode receipt = answer.path("receipt");
        assertThat(receipt.path("gateways").asInt(-1)).as(answer.toString()).isEqualTo(gateways);
        assertThat(receipt.path("sessions").asInt(-1)).as(answer.toString()).isEqualTo(sessions);
        assertThat(receipt.path("written").asInt(-1)).as(answer.toString()).isEqualTo(written);
        assertThat(receipt.path("acked").asInt(-1)).as(answer.toString()).isEqualTo(acked);
    }

    private static void awaitState(String id, String state) {
        await().atMost(Part.DEADLINE)
                .untilAsserted(() -> assertThat(backend.state(id)).isEqualTo(state));
    }
}
