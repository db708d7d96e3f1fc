package io.whimbrel.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.whimbrel.broker.Broker;
import io.whimbrel.broker.HistoryRules;
import io.whimbrel.broker.Receipts.Count;
import io.whimbrel.broker.memory.MemoryNetwork;
import io.whimbrel.model.Address;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import io.whimbrel.model.Tracking;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What publishers hear of their messages, with a gateway played by the test. */
class ReceiptTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final RunningWeb web = new RunningWeb();
    private volatile Duration later = Duration.ZERO;
    private final MemoryNetwork network = new MemoryNetwork(
            MemoryNetwork.DEFAULT_QUEUE_LIMIT,
            HistoryRules.DEFAULT,
            () -> Instant.now().plus(later));
    private final Queue<Publication> received = new ConcurrentLinkedQueue<>();
    private final Address sender = Address.random();
    private final Address recipient = Address.random();
    private Broker gateway;

    @BeforeEach
    void start() throws Exception {
        web.carrier = network.join(Broker.Listener.NONE);
        web.draft.apiKeys = List.of(RunningWeb.API_KEY);
        gateway = network.join(received::add);
        web.start();
    }

    @AfterEach
    void stop() throws Exception {
        web.close();
    }

    @Test
    void nobodyThereIsAnsweredAtOnceWithZeros() throws Exception {
        JsonNode answer = publish("\"receipt\":\"written\",\"timeout\":30");

        assertThat(answer.path("online").asBoolean(true)).isFalse();
        assertThat(answer.path("stored").asBoolean()).isTrue();
        assertThat(answer.path("receipt").toString())
                .matches("\\{\"gateways\":0,\"sessions\":0,\"written\":0,\"acked\":0,\"ms\":\\d+}");
    }

    @Test
    void theAnswerComesWhenEverySessionHasIt() throws Exception {
        subscribe();
        CompletableFuture<JsonNode> answer = publishing("\"receipt\":\"acked\",\"timeout\":30");
        Publication publication = awaitReceived();

        report(publication, "one", 2, 2, 1);
        assertThat(answer).isNotDone();
        report(publication, "one", 2, 2, 2);

        JsonNode receipt = answer.get(10, SECONDS).path("receipt");
        assertThat(receipt.path("gateways").asInt()).isEqualTo(1);
        assertThat(receipt.path("sessions").asInt()).isEqualTo(2);
        assertThat(receipt.path("acked").asInt()).isEqualTo(2);
    }

    @Test
    void atTheTimeoutTheAnswerSaysHowFarItGot() throws Exception {
        subscribe();
        CompletableFuture<JsonNode> answer = publishing("\"receipt\":\"acked\",\"timeout\":1");

        report(awaitReceived(), "one", 3, 2, 1);

        JsonNode receipt = answer.get(10, SECONDS).path("receipt");
        assertThat(receipt.path("sessions").asInt()).isEqualTo(3);
        assertThat(receipt.path("written").asInt()).isEqualTo(2);
        assertThat(receipt.path("acked").asInt()).isEqualTo(1);
        assertThat(receipt.path("ms").asInt()).isGreaterThanOrEqualTo(1000);
    }

    /** As when this server's connection to Redis was away for a moment. */
    @Test
    void whatThisServerDidNotHearOfIsReadAtTheTimeout() throws Exception {
        subscribe();
        CompletableFuture<JsonNode> answer = publishing("\"receipt\":\"written\",\"timeout\":1");

        Publication publication = awaitReceived();
        gateway.receipts().report(List.of(new Count(publication.id(), "one", null, 1, 1, 0)));

        assertThat(answer.get(10, SECONDS).path("receipt").path("written").asInt())
                .isEqualTo(1);
    }

    @Test
    void aMessageWithoutAWishAsksGatewaysForNothing() throws Exception {
        subscribe();

        JsonNode answer = publish("\"timeout\":3");

        assertThat(answer.has("receipt")).isFalse();
        assertThat(awaitReceived().tracking()).isNull();
    }

    @Test
    void aRepetitionHearsOfTheFirstOne() throws Exception {
        subscribe();
        String wish = "\"receipt\":\"written\",\"timeout\":0.05,\"idempotency_key\":\"k\"";
        JsonNode first = publish(wish);
        CompletableFuture<JsonNode> second =
                publishing("\"receipt\":\"written\",\"timeout\":20,\"idempotency_key\":\"k\"");

        report(awaitReceived(), "one", 1, 1, 0);

        JsonNode answer = second.get(10, SECONDS);
        assertThat(answer.path("id")).isEqualTo(first.path("id"));
        assertThat(first.path("receipt").path("written").asInt()).isZero();
        assertThat(answer.path("receipt").path("written").asInt()).isEqualTo(1);
        assertThat(received).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"receipt\":\"read\"",
                "\"receipt\":true",
                "\"receipt\":\"acked\",\"receipt\":\"acked\"",
                "\"receipt\":\"acked\",\"timeout\":30.1",
                "\"receipt\":\"acked\",\"timeout\":-1",
                "\"receipt\":\"acked\",\"timeout\":1e1",
                "\"receipt\":\"acked\",\"timeout\":\"5\""
            })
    void aWishThatCannotBeIsRefusedAndNothingPublished(String wish) throws Exception {
        subscribe();

        assertThat(send(wish).statusCode()).isEqualTo(400);
        assertThat(received).isEmpty();
    }

    @Test
    void nobodyAcknowledgesTopicsThatAreNoAddress() throws Exception {
        HttpResponse<String> refused = web.publish(
                "{\"topic\":\"news\",\"message\":1,\"receipt\":\"acked\"}", "X-API-Key", RunningWeb.API_KEY);
        HttpResponse<String> taken = web.publish(
                "{\"topic\":\"news\",\"message\":1,\"receipt\":\"written\"}", "X-API-Key", RunningWeb.API_KEY);

        assertThat(refused.statusCode()).isEqualTo(400);
        assertThat(refused.body()).contains("written");
        assertThat(taken.statusCode()).isEqualTo(200);
    }

    @Test
    void aMessagesStateIsTheFurthestItHasCome() throws Exception {
        JsonNode away = publish("\"receipt\":\"written\"");
        String id = away.path("id").asText();
        assertThat(state(id)).isEqualTo("stored");
        Publication publication = new Publication(id, Topic.of(recipient), 1, sender, "1".getBytes(UTF_8))
                .tracked(new Tracking(true, null, false, null));

        report(publication, "one", 1, 0, 0);
        assertThat(state(id)).isEqualTo("routed");
        report(publication, "one", 1, 1, 0);
        assertThat(state(id)).isEqualTo("written");
        report(publication, "one", 2, 1, 1);
        assertThat(state(id)).isEqualTo("acked");
        assertThat(JSON.readTree(message(id, web.tokenOf(sender)).body())
                        .path("receipt")
                        .toString())
                .isEqualTo("{\"gateways\":0,\"sessions\":2,\"written\":1,\"acked\":1}");
    }

    @Test
    void aMessageThatIsNotKeptAnyMoreIsExpired() throws Exception {
        String id = publish("\"receipt\":\"written\"").path("id").asText();
        for (int i = 0; i < 100; i++) {
            web.publish("{\"uuid_remote\":\"%s\",\"message\":1}".formatted(recipient), "X-API-Key", RunningWeb.API_KEY);
        }

        assertThat(state(id)).isEqualTo("expired");
    }

    @Test
    void onlyItsSenderAndBackendsLearnOfAMessage() throws Exception {
        String id = publish("\"receipt\":\"written\"").path("id").asText();

        assertThat(message(id, web.tokenOf(recipient)).statusCode()).isEqualTo(404);
        assertThat(message(id, "junk").statusCode()).isEqualTo(401);
        assertThat(message(id, null).statusCode()).isEqualTo(401);
        assertThat(message("another", web.tokenOf(sender)).statusCode()).isEqualTo(404);
        assertThat(message("a%20b", web.tokenOf(sender)).statusCode()).isEqualTo(404);
        assertThat(web.get("/messages/" + id, "X-API-Key", RunningWeb.API_KEY).statusCode())
                .isEqualTo(200);
        assertThat(web.get("/messages/" + id, "X-API-Key", "wrong").statusCode())
                .isEqualTo(401);
    }

    @Test
    void anHourLaterItIsForgotten() throws Exception {
        String id = publish("\"receipt\":\"written\"").path("id").asText();
        later = Duration.ofMinutes(61);

        assertThat(message(id, web.tokenOf(sender)).statusCode()).isEqualTo(404);
    }

    @Test
    void moreMayNotWaitThanAreAllowed() throws Exception {
        web.close();
        RunningWeb small = new RunningWeb();
        small.carrier = web.carrier;
        small.draft.maxWaitingReceipts = 1;
        small.start();
        try {
            subscribe();
            String body = body("\"receipt\":\"written\",\"timeout\":20", small);
            CompletableFuture<HttpResponse<String>> waiting = CompletableFuture.supplyAsync(() -> publish(small, body));
            Publication publication = awaitReceived();

            assertThat(small.publish(body).statusCode()).isEqualTo(503);
            report(publication, "one", 1, 1, 0);
            assertThat(waiting.get(10, SECONDS).statusCode()).isEqualTo(200);
            assertThat(small.publish(body("\"receipt\":\"written\",\"timeout\":0", small))
                            .statusCode())
                    .isEqualTo(200);
        } finally {
            small.close();
        }
    }

    private void subscribe() throws Exception {
        gateway.subscribe(Topic.of(recipient)).toCompletableFuture().get(10, SECONDS);
    }

    /** Looks often, since publishers wait meanwhile, some of them a second only. */
    private Publication awaitReceived() {
        await().atMost(RunningWeb.DEADLINE).pollInterval(Duration.ofMillis(2)).until(() -> !received.isEmpty());
        return received.element();
    }

    private void report(Publication publication, String node, int sessions, int written, int acked) throws Exception {
        Tracking tracking = requireNonNull(publication.tracking());
        gateway.receipts()
                .report(List.of(new Count(publication.id(), node, tracking.asker(), sessions, written, acked)))
                .toCompletableFuture()
                .get(10, SECONDS);
    }

    private JsonNode publish(String wish) throws Exception {
        HttpResponse<String> answer = send(wish);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        return JSON.readTree(answer.body());
    }

    private CompletableFuture<JsonNode> publishing(String wish) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return publish(wish);
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
    }

    private static HttpResponse<String> publish(RunningWeb to, String body) {
        try {
            return to.publish(body);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private HttpResponse<String> send(String wish) throws Exception {
        return web.publish(body(wish, web));
    }

    private String body(String wish, RunningWeb to) {
        return "{\"uuid_remote\":\"%s\",\"uuid_local\":\"%s\",\"message\":1,%s}"
                .formatted(recipient, to.tokenOf(sender), wish);
    }

    private String state(String id) throws Exception {
        HttpResponse<String> answer = message(id, web.tokenOf(sender));
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        return JSON.readTree(answer.body()).path("state").asText();
    }

    private HttpResponse<String> message(String id, @Nullable String token) throws Exception {
        return token == null
                ? web.get("/messages/" + id)
                : web.get("/messages/" + id, "Authorization", "Bearer " + token);
    }
}
