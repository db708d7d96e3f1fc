package io.whimbrel.web;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.whimbrel.broker.Broker;
import io.whimbrel.broker.BrokerUnavailableException;
import io.whimbrel.broker.HistoryRules;
import io.whimbrel.broker.Hop;
import io.whimbrel.broker.Outcome;
import io.whimbrel.broker.Published;
import io.whimbrel.broker.Retention;
import io.whimbrel.broker.Traces;
import io.whimbrel.broker.memory.MemoryNetwork;
import io.whimbrel.model.Address;
import io.whimbrel.model.Topic;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a web server writes down of traced publications, and who may read it, with a gateway played by the test. */
class TraceTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int KEPT = 3;

    private final RunningWeb web = new RunningWeb();
    private final MemoryNetwork network = new MemoryNetwork(
            MemoryNetwork.DEFAULT_QUEUE_LIMIT,
            new HistoryRules(new Retention(KEPT, Duration.ofHours(1)), List.of()),
            InstantSource.fixed(RunningWeb.NOW));
    private final Broker gateway = network.join(Broker.Listener.NONE);
    private final AtomicLong nanos = new AtomicLong();
    private final Address sender = Address.random();
    private final Address recipient = Address.random();

    @AfterEach
    void stop() throws Exception {
        web.close();
    }

    /** The clock that measures stands still: a broker that took half a second would have a hop of its own. */
    private void start() throws Exception {
        web.nanos = nanos;
        web.carrier = network.join(Broker.Listener.NONE);
        web.draft.apiKeys = List.of(RunningWeb.API_KEY);
        web.start();
    }

    /** With a broker whose answers are in the hands of the test. */
    private void startWithFake() throws Exception {
        web.broker.traces = gateway.traces();
        web.nanos = nanos;
        web.start();
    }

    @Test
    void aMessageNobodyIsThereForWaitsAndItsTraceSaysSo() throws Exception {
        start();

        JsonNode trace = awaitTrace(publish("\"trace\":true"));

        assertThat(trace.path("topic").asText()).isEqualTo("@" + recipient);
        assertThat(whats(trace))
                .containsExactly("accepted", "published", "nobody connected", "kept, waits for the client");
        assertThat(details(trace).get(0)).isEqualTo("from a client");
        assertThat(details(trace).get(1)).matches("0 gateways listen, kept at offset 1, redis took \\d+\\.\\d m?s");
        for (JsonNode hop : trace.path("hops")) {
            assertThat(hop.path("time").asLong()).isEqualTo(RunningWeb.NOW.toEpochMilli());
            assertThat(hop.path("node").asText()).startsWith("web@");
        }
        assertThat(trace.toString()).doesNotContain("a secret", web.tokenOf(sender), web.tokenOf(recipient));
    }

    @Test
    void whatIsNotKeptAnyMoreHasExpired() throws Exception {
        start();
        String id = publish("\"trace\":true");
        for (int i = 0; i < KEPT; i++) {
            publish("\"trace\":false");
        }

        assertThat(whats(awaitTrace(id))).endsWith("nobody connected", "expired before the client came back");
    }

    @Test
    void whatGatewaysSawStandsBetweenByItsTime() throws Exception {
        start();
        gateway.subscribe(Topic.of(recipient)).toCompletableFuture().get(10, SECONDS);
        String id = publish("\"trace\":true");
        assertThat(whats(awaitTrace(id))).containsExactly("accepted", "published");
        long micros = Hop.micros(RunningWeb.NOW);

        append(id, new Hop(micros + 5, "gateway", Outcome.WRITTEN, "session 1f"));
        append(id, new Hop(micros - 1234, "gateway", Outcome.RECEIVED, ""));

        assertThat(whats(awaitTrace(id))).containsExactly("received", "accepted", "published", "written");
        assertThat(trace(id, web.tokenOf(sender)).body())
                .startsWith("{\"id\":\"%s\",\"topic\":\"@%s\",\"hops\":[{\"time\":%d.766,\"node\":\"gateway\","
                        .formatted(id, recipient, RunningWeb.NOW.toEpochMilli() - 2));
    }

    @Test
    void moreHopsThanAreKeptAreSaidToBeMissing() throws Exception {
        start();
        String id = publish("\"trace\":true");
        Hop hop = new Hop(1, "gateway", Outcome.DROPPED, "");
        append(id, new ArrayList<>(java.util.Collections.nCopies(300, hop)).toArray(Hop[]::new));

        assertThat(details(awaitTrace(id))).anyMatch(it -> it.matches("\\d+ further hops were not kept"));
    }

    @Test
    void onlyItsSenderAndBackendsLearnOfATrace() throws Exception {
        start();
        String id = publish("\"trace\":true");
        awaitTrace(id);

        assertThat(trace(id, web.tokenOf(recipient)).statusCode()).isEqualTo(404);
        assertThat(trace(id, "junk").statusCode()).isEqualTo(401);
        assertThat(web.get("/messages/" + id + "/trace").statusCode()).isEqualTo(401);
        assertThat(trace("another", web.tokenOf(sender)).statusCode()).isEqualTo(404);
        assertThat(trace("", web.tokenOf(sender)).statusCode()).isEqualTo(404);
        assertThat(web.get("/messages/" + id + "/trace", "X-API-Key", RunningWeb.API_KEY)
                        .statusCode())
                .isEqualTo(200);
        assertThat(web.get("/messages/" + id + "/trace", "X-API-Key", "wrong").statusCode())
                .isEqualTo(401);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/messages/trace", "/messages//trace", "/messages/x/trace/trace", "/messages/x/trace/"})
    void pathsThatLookLikeATraceAreNotFound(String path) throws Exception {
        start();

        assertThat(web.get(path, "X-API-Key", RunningWeb.API_KEY).statusCode()).isEqualTo(404);
    }

    @Test
    void aTraceIsNoReceiptAndAReceiptNoTrace() throws Exception {
        start();
        String traced = publish("\"trace\":true");
        String asking = publish("\"receipt\":\"written\"");
        awaitTrace(traced);

        assertThat(web.get("/messages/" + traced, "X-API-Key", RunningWeb.API_KEY)
                        .statusCode())
                .isEqualTo(404);
        assertThat(trace(asking, web.tokenOf(sender)).statusCode()).isEqualTo(404);
    }

    @Test
    void aSlowBrokerIsNamedWithItsTime() throws Exception {
        startWithFake();
        CompletableFuture<Published> answer = new CompletableFuture<>();
        web.broker.answer = answer;
        CompletableFuture<String> publishing = CompletableFuture.supplyAsync(() -> publishUnchecked("\"trace\":true"));
        await().atMost(RunningWeb.DEADLINE).until(() -> !web.broker.published.isEmpty());
        nanos.addAndGet(Duration.ofMillis(1_200).toNanos());

        answer.complete(new Published(1, null));

        JsonNode trace = awaitTrace(publishing.get(10, SECONDS));
        assertThat(whats(trace)).containsExactly("accepted", "redis slow", "published");
        assertThat(details(trace).get(1)).isEqualTo("redis answered after 1.2 s, slow is from 500 ms on");
        assertThat(details(trace).get(2)).isEqualTo("1 gateway listens, nothing is kept, redis took 1.2 s");
    }

    @Test
    void aBrokerThatIsAwayIsSaidToBe() throws Exception {
        startWithFake();
        web.broker.answer =
                CompletableFuture.failedFuture(new BrokerUnavailableException("redis://10.0.0.7:6379 is away"));

        assertThat(send("\"trace\":true").statusCode()).isEqualTo(503);

        JsonNode trace = awaitTrace(web.broker.published.getFirst().id());
        assertThat(whats(trace)).containsExactly("accepted", "failed");
        assertThat(details(trace).get(1)).isEqualTo("redis is away; it may have gone out all the same");
    }

    @Test
    void aBrokerThatDoesNotAnswerIsNamedWithTheTime() throws Exception {
        web.draft.publishTimeout = Duration.ofMillis(600);
        web.broker.answer = new CompletableFuture<>();
        web.broker.traces = gateway.traces();
        web.start();

        assertThat(send("\"trace\":true").statusCode()).isEqualTo(503);

        assertThat(details(awaitTrace(web.broker.published.getFirst().id())).get(1))
                .matches("redis did not answer within \\d+\\.\\d m?s; it may have gone out all the same");
    }

    @Test
    void aRepetitionIsSeenInTheTraceOfTheFirst() throws Exception {
        start();
        String id = publish("\"trace\":true,\"idempotency_key\":\"k\"");
        awaitTrace(id);

        assertThat(publish("\"trace\":true,\"idempotency_key\":\"k\"")).isEqualTo(id);

        await().atMost(RunningWeb.DEADLINE)
                .untilAsserted(() -> assertThat(whats(awaitTrace(id))).contains("repeated"));
    }

    @Test
    void whatAsksForNothingIsNotTraced() throws Exception {
        start();
        String plain = publish("\"timeout\":1");
        String traced = publish("\"trace\":true");
        awaitTrace(traced);

        assertThat(trace(plain, web.tokenOf(sender)).statusCode()).isEqualTo(404);
        assertThat(web.count("whimbrel.web.traced")).isEqualTo(1);
    }

    @Test
    void aShareOfAllIsTraced() throws Exception {
        web.draft.traces = new TraceSettings(1, 10);
        start();

        awaitTrace(publish("\"timeout\":1"));

        String id = publish("\"trace\":false");
        assertThat(whats(awaitTrace(id))).startsWith("accepted");
    }

    @Test
    void allMessagesToAFollowedAddressAreTracedAndListed() throws Exception {
        start();
        publish("\"trace\":false");

        assertThat(follow("{\"uuid\":\"%s\"}".formatted(recipient)).body())
                .isEqualTo("{\"uuid\":\"%s\",\"seconds\":600}".formatted(recipient));
        String first = publish("\"trace\":false");
        String second = publish("\"timeout\":1");
        awaitTrace(first);
        awaitTrace(second);
        assertThat(listed()).containsExactly(first, second);

        assertThat(follow("{\"uuid\":\"%s\",\"seconds\":0}".formatted(recipient))
                        .statusCode())
                .isEqualTo(200);
        publish("\"trace\":false");
        assertThat(web.count("whimbrel.web.traced")).isEqualTo(2);
    }

    @Test
    void onlyBackendsFollowAddresses() throws Exception {
        start();
        String token = "Bearer " + web.tokenOf(recipient);

        assertThat(web.get("/traces/" + recipient, "Authorization", token).statusCode())
                .isEqualTo(401);
        assertThat(web.get("/traces/" + recipient, "X-API-Key", "wrong").statusCode())
                .isEqualTo(401);
        assertThat(web.send(web.request("/traces")
                                .POST(BodyPublishers.ofString("{\"uuid\":\"%s\"}".formatted(recipient)))
                                .header("Authorization", token))
                        .statusCode())
                .isEqualTo(401);
        assertThat(web.get("/traces/nobody", "X-API-Key", RunningWeb.API_KEY).statusCode())
                .isEqualTo(404);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "[]",
                "{",
                "{}",
                "{\"uuid\":1}",
                "{\"uuid\":\"nobody\"}",
                "{\"uuid\":\"6d0e1a4e-9f7e-4a34-8a3c-0c8f7f3c4b11\",\"seconds\":3601}",
                "{\"uuid\":\"6d0e1a4e-9f7e-4a34-8a3c-0c8f7f3c4b11\",\"seconds\":-1}",
                "{\"uuid\":\"6d0e1a4e-9f7e-4a34-8a3c-0c8f7f3c4b11\",\"seconds\":1.5}",
                "{\"uuid\":\"6d0e1a4e-9f7e-4a34-8a3c-0c8f7f3c4b11\",\"seconds\":\"600\"}",
                "{\"uuid\":\"6d0e1a4e-9f7e-4a34-8a3c-0c8f7f3c4b11\",\"seconds\":null}",
                "{\"uuid\":\"6d0e1a4e-9f7e-4a34-8a3c-0c8f7f3c4b11\",\"seconds\":99999999999999999999}"
            })
    void anOrderThatCannotBeReadIsRefused(String body) throws Exception {
        start();

        assertThat(follow(body).statusCode()).isEqualTo(400);
    }

    private HttpResponse<String> follow(String body) throws Exception {
        return web.send(
                web.request("/traces").POST(BodyPublishers.ofString(body)).header("X-API-Key", RunningWeb.API_KEY));
    }

    private List<String> listed() throws Exception {
        List<String> ids = new ArrayList<>();
        JSON.readTree(web.get("/traces/" + recipient, "X-API-Key", RunningWeb.API_KEY)
                        .body())
                .path("messages")
                .forEach(id -> ids.add(id.asText()));
        return ids;
    }

    @Test
    void noMoreAreTracedThanAreAllowed() throws Exception {
        web.draft.traces = new TraceSettings(0, 1);
        start();
        awaitTrace(publish("\"trace\":true"));

        String second = publish("\"trace\":true");

        assertThat(web.count("whimbrel.web.traces.refused")).isEqualTo(1);
        nanos.addAndGet(Duration.ofSeconds(1).toNanos());
        awaitTrace(publish("\"trace\":true"));
        assertThat(trace(second, web.tokenOf(sender)).statusCode()).isEqualTo(404);
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"trace\":\"true\"", "\"trace\":1", "\"trace\":[true]", "\"trace\":true,\"trace\":true"})
    void aWishThatCannotBeIsRefused(String wish) throws Exception {
        start();

        assertThat(send(wish).statusCode()).isEqualTo(400);
    }

    @Test
    void aFormAsksForItToo() throws Exception {
        start();
        String form = "uuid_remote=%s&uuid_local=%s&message=1&trace=".formatted(recipient, web.tokenOf(sender));

        assertThat(web.publishForm(form + "yes").statusCode()).isEqualTo(400);
        awaitTrace(
                JSON.readTree(web.publishForm(form + "true").body()).path("id").asText());
    }

    @Test
    void settingsOutOfRangeAreRefused() {
        assertThatThrownBy(() -> new TraceSettings(1.5, 1)).hasMessageContaining("trace.share is \"1.5\"");
        assertThatThrownBy(() -> new TraceSettings(Double.NaN, 1)).hasMessageContaining("trace.share");
        assertThatThrownBy(() -> new TraceSettings(0, -1)).hasMessageContaining("trace.max-per-second is \"-1\"");
    }

    private void append(String id, Hop... hops) throws Exception {
        gateway.traces()
                .append(List.of(new Traces.Leg(id, Topic.of(recipient), sender, null, false, List.of(hops))))
                .toCompletableFuture()
                .get(10, SECONDS);
    }

    /** Answers the id. */
    private String publish(String wish) throws Exception {
        HttpResponse<String> answer = send(wish);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        return JSON.readTree(answer.body()).path("id").asText();
    }

    private String publishUnchecked(String wish) {
        try {
            return publish(wish);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private HttpResponse<String> send(String wish) throws Exception {
        return web.publish("{\"uuid_remote\":\"%s\",\"uuid_local\":\"%s\",\"message\":\"a secret\",%s}"
                .formatted(recipient, web.tokenOf(sender), wish));
    }

    /** Hops are written behind the answer. */
    private JsonNode awaitTrace(String id) throws Exception {
        await().atMost(RunningWeb.DEADLINE)
                .until(() -> trace(id, web.tokenOf(sender)).statusCode() == 200);
        return JSON.readTree(trace(id, web.tokenOf(sender)).body());
    }

    private HttpResponse<String> trace(String id, String token) throws Exception {
        return web.get("/messages/" + id + "/trace", "Authorization", "Bearer " + token);
    }

    private static List<String> whats(JsonNode trace) {
        return texts(trace, "what");
    }

    private static List<String> details(JsonNode trace) {
        return texts(trace, "detail");
    }

    private static List<String> texts(JsonNode trace, String field) {
        List<String> texts = new ArrayList<>();
        trace.path("hops").forEach(hop -> texts.add(hop.path(field).asText()));
        return texts;
    }
}
