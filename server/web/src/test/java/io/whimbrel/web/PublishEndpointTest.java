package io.whimbrel.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.whimbrel.auth.TokenVerdict.Expired;
import io.whimbrel.auth.TokenVerdict.Unavailable;
import io.whimbrel.broker.BrokerUnavailableException;
import io.whimbrel.broker.IdempotencyKey;
import io.whimbrel.broker.Published;
import io.whimbrel.broker.PublishedOnce;
import io.whimbrel.model.Address;
import io.whimbrel.model.ClientError;
import io.whimbrel.model.Position;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PublishEndpointTest {
    private final RunningWeb web = new RunningWeb();
    private final Address ada = Address.random();
    private final Address bob = Address.random();

    @BeforeEach
    void configure() {
        web.draft.apiKeys = List.of("another", RunningWeb.API_KEY);
    }

    @AfterEach
    void stop() throws Exception {
        web.close();
    }

    // ---- what is taken

    @Test
    void messageReachesTheBrokerByteForByte() throws Exception {
        web.start();
        String message = "{ \"text\" : \"ä \\u00e4 € \uD834\uDD1E </script>\",\n \"n\":[1.0e+2, null] }";

        HttpResponse<String> answer = web.publish(body(bob, web.tokenOf(ada), message));

        Publication publication = web.broker.published.getFirst();
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.headers().firstValue("Content-Type")).contains("application/json");
        assertThat(answer.body())
                .isEqualTo(
                        "{\"status\":true,\"id\":\"%s\",\"online\":true,\"stored\":false}".formatted(publication.id()));
        assertThat(new String(publication.payload(), UTF_8)).isEqualTo(message);
        assertThat(publication.topic()).isEqualTo(Topic.of(bob));
        assertThat(publication.from()).isEqualTo(ada);
        assertThat(publication.timeMillis()).isEqualTo(RunningWeb.NOW.toEpochMilli());
        assertThat(web.broker.plain).isEmpty();
        assertThat(web.count("whimbrel.web.publish.accepted")).isEqualTo(1);
        assertThat(web.metrics.get("whimbrel.web.broker").timer().count()).isEqualTo(1);
    }

    @Test
    void nobodyListeningIsOffline() throws Exception {
        web.start();
        web.broker.answer = CompletableFuture.completedFuture(new Published(0, null));

        assertThat(web.publish(web.fine("1")).body()).endsWith("\"online\":false,\"stored\":false}");
    }

    @Test
    void whatIsKeptIsSaidToBeStored() throws Exception {
        web.start();
        web.broker.answer = CompletableFuture.completedFuture(new Published(0, new Position("abc", 7)));

        assertThat(web.publish(web.fine("1")).body()).endsWith("\"online\":false,\"stored\":true}");
    }

    @Test
    void clientsOfTheOriginalSystemWorkUnchanged() throws Exception {
        web.start();
        String adasToken = tokenIn(web.get("/token"));
        String bobsToken = tokenIn(web.get("/token"));
        Address bobsAddress = addressOf(bobsToken);

        HttpResponse<String> json = web.publish(
                "{\"uuid_remote\":\"%s\",\"uuid_local\":\"%s\",\"message\":\"hi\"}".formatted(bobsToken, adasToken),
                "Accept",
                "application/json");
        HttpResponse<String> form = web.publishForm(
                "uuid_remote=%s&uuid_local=%s&message=hi+%%26+%%3Cb%%3E".formatted(bobsToken, adasToken));

        assertThat(json.statusCode()).isEqualTo(200);
        assertThat(form.statusCode()).isEqualTo(200);
        assertThat(web.broker.published)
                .extracting(p -> p.topic() + " " + new String(p.payload(), UTF_8))
                .containsExactly(Topic.of(bobsAddress) + " \"hi\"", Topic.of(bobsAddress) + " \"hi & <b>\"");
    }

    @Test
    void bodyWithoutContentTypeIsTakenForJson() throws Exception {
        web.start();
        String body = web.fine("1");

        String answer = web.raw("POST /publish HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: "
                + body.length() + "\r\n\r\n" + body);

        assertThat(answer).startsWith("HTTP/1.1 200 ");
        assertThat(web.broker.published).hasSize(1);
    }

    @Test
    void addressIsProvenByABearer() throws Exception {
        web.start();

        HttpResponse<String> answer =
                web.publish(body(bob, ada.toString(), "1"), "Authorization", "Bearer " + web.tokenOf(ada));
        HttpResponse<String> both =
                web.publish(body(bob, web.tokenOf(ada), "2"), "Authorization", "Bearer " + web.tokenOf(ada));

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(both.statusCode()).isEqualTo(200);
        assertThat(web.broker.published).extracting(Publication::from).containsOnly(ada);
    }

    @Test
    void backendNamesAnybodyOrNobody() throws Exception {
        web.start();
        String[] key = {"X-API-Key", RunningWeb.API_KEY};

        web.publish(body(bob, ada.toString(), "1"), key);
        web.publish(body(bob, web.tokenOf(ada), "2"), key);
        web.publish("{\"uuid_remote\":\"%s\",\"message\":3}".formatted(bob), key);
        web.publish("{\"uuid_remote\":\"%s\",\"uuid_local\":null,\"message\":4}".formatted(bob), key);
        web.publishForm("uuid_remote=%s&message=5".formatted(bob), key);

        assertThat(web.broker.published).extracting(Publication::from).containsExactly(ada, ada, null, null, null);
    }

    @Test
    void verdictsOfOtherThreadsLeadToTheSameEnd() throws Exception {
        web.start();
        web.tokens.later = true;
        web.broker.answer =
                new CompletableFuture<Published>().completeOnTimeout(new Published(3, null), 20, MILLISECONDS);

        HttpResponse<String> answer =
                web.publish(body(bob, web.tokenOf(ada), "1"), "Authorization", "Bearer " + web.tokenOf(ada));

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.body()).endsWith("\"online\":true,\"stored\":false}");
    }

    // ---- who may send

    @Test
    void senderWithoutProofIs401() throws Exception {
        web.start();

        for (HttpResponse<String> answer : List.of(
                web.publish(body(bob, ada.toString(), "1")),
                web.publish(body(bob, "", "1")),
                web.publish(body(bob, "nobody's", "1")),
                web.publish("{\"uuid_remote\":\"%s\",\"message\":1}".formatted(bob)),
                web.publish(
                        "{\"uuid_remote\":\"%s\",\"message\":1}".formatted(bob),
                        "Authorization",
                        "Bearer " + web.tokenOf(ada)),
                web.publish(body(bob, ada.toString(), "1"), "Authorization", "Bearer nobody's"),
                web.publish(body(bob, ada.toString(), "1"), "Authorization", "Basic " + web.tokenOf(ada)),
                web.publish(body(bob, web.tokenOf(ada), "1"), "Authorization", "Bearer nobody's"),
                web.publish(body(bob, web.tokenOf(ada), "1"), "X-API-Key", "wrong"),
                web.publish(body(bob, ada.toString(), "1"), "X-API-Key", RunningWeb.API_KEY + "x"),
                web.publish(body(bob, "nobody's", "1"), "X-API-Key", RunningWeb.API_KEY),
                web.publish(body(bob, "", "1"), "X-API-Key", RunningWeb.API_KEY))) {
            assertRefused(answer, ClientError.UNAUTHENTICATED);
            assertThat(answer.headers().firstValue("WWW-Authenticate"))
                    .hasValueSatisfying(challenge -> assertThat(challenge).startsWith("Bearer"));
        }
        assertThat(web.count("whimbrel.web.publish.refused", "problem", "unauthenticated"))
                .isEqualTo(12);
    }

    @Test
    void senderWhoIsSomebodyElseIs403() throws Exception {
        web.start();

        for (HttpResponse<String> answer : List.of(
                web.publish(body(bob, ada.toString(), "1"), "Authorization", "Bearer " + web.tokenOf(bob)),
                web.publish(body(bob, web.tokenOf(ada), "1"), "Authorization", "Bearer " + web.tokenOf(bob)))) {
            assertRefused(answer, ClientError.FORBIDDEN_SENDER);
        }
    }

    @Test
    void expiredSenderHearsThatItIsExpired() throws Exception {
        web.start();
        String expired = web.tokens.known("old-secret", new Expired());

        for (HttpResponse<String> answer : List.of(
                web.publish(body(bob, expired, "1")),
                web.publish(body(bob, ada.toString(), "1"), "Authorization", "Bearer " + expired),
                web.publish(body(bob, expired, "1"), "X-API-Key", RunningWeb.API_KEY))) {
            assertRefused(answer, ClientError.UNAUTHENTICATED);
            assertThat(answer.body()).contains("expired").doesNotContain("old-secret");
        }
    }

    @Test
    void tokenNobodyCanVerifyNowIs503() throws Exception {
        web.start();
        String undecided = web.tokens.known("undecided", new Unavailable("away"));

        assertRefused(web.publish(body(bob, undecided, "1")), ClientError.UNAVAILABLE);
        assertRefused(web.publish(bodyTo(undecided, web.tokenOf(ada), "1")), ClientError.UNAVAILABLE);
    }

    // ---- who receives

    @Test
    void recipientThatIsNobodyIs422() throws Exception {
        web.start();
        String ours = web.tokenOf(ada);
        String expired = web.tokens.known("old-secret", new Expired());

        for (HttpResponse<String> answer : List.of(
                web.publish(bodyTo("nobody's", ours, "1")),
                web.publish(bodyTo("", ours, "1")),
                web.publish(bodyTo("@" + bob, ours, "1")),
                web.publish(bodyTo("\\ud800", ours, "1")),
                web.publish(bodyTo(expired, ours, "1")))) {
            assertRefused(answer, ClientError.INVALID_RECIPIENT);
            assertThat(answer.body()).doesNotContain("old-secret");
        }
    }

    @Test
    void oneRecipientOrOneTopicMustBeGiven() throws Exception {
        web.start();
        String[] key = {"X-API-Key", RunningWeb.API_KEY};

        for (HttpResponse<String> answer : List.of(
                web.publish("{\"uuid_local\":\"%s\",\"message\":1}".formatted(web.tokenOf(ada))),
                web.publish("{\"message\":1}", key),
                web.publish("{\"uuid_remote\":null,\"topic\":null,\"message\":1}", key),
                web.publish("{\"uuid_remote\":\"%s\",\"topic\":\"news\",\"message\":1}".formatted(bob), key),
                web.publishForm("uuid_remote=%s&topic=&message=1".formatted(bob), key),
                web.publishForm("message=1", key))) {
            assertRefused(answer, ClientError.MALFORMED_REQUEST);
        }
    }

    // ---- topics

    @Test
    void backendPublishesToATopic() throws Exception {
        web.draft.redisPlainChannel = "article";
        web.start();
        String[] key = {"X-API-Key", RunningWeb.API_KEY};

        HttpResponse<String> json = web.publish("{\"topic\":\"room \\u00e9\",\"message\":[1]}", key);
        HttpResponse<String> form = web.publishForm("topic=room+%C3%A9&message=hi", key);
        web.publish(
                "{\"topic\":\"news\",\"uuid_remote\":null,\"uuid_local\":\"%s\",\"message\":2}".formatted(ada), key);

        assertThat(json.body())
                .isEqualTo("{\"status\":true,\"id\":\"%s\",\"online\":true,\"stored\":false}"
                        .formatted(web.broker.published.getFirst().id()));
        assertThat(form.statusCode()).isEqualTo(200);
        assertThat(web.broker.published)
                .extracting(p -> "%s %s %s".formatted(p.topic(), p.from(), new String(p.payload(), UTF_8)))
                .containsExactly("room é null [1]", "room é null \"hi\"", "news " + ada + " 2");
        assertThat(web.broker.plain).as("the original system has no topics").isEmpty();
    }

    @Test
    void backendIsNotSlowedDownOnTopicsEither() throws Exception {
        web.nanos = new AtomicLong();
        web.draft.rateBurst = 1;
        web.start();

        for (int i = 0; i < 5; i++) {
            String body = "{\"topic\":\"news\",\"uuid_local\":\"%s\",\"message\":1}".formatted(ada);
            assertThat(web.publish(body, "X-API-Key", RunningWeb.API_KEY).statusCode())
                    .isEqualTo(200);
        }
    }

    @Test
    void clientThatPublishesToATopicIs403() throws Exception {
        web.start();
        String ours = web.tokenOf(ada);

        for (HttpResponse<String> answer : List.of(
                web.publish("{\"topic\":\"news\",\"uuid_local\":\"%s\",\"message\":1}".formatted(ours)),
                web.publish("{\"topic\":\"@x\",\"uuid_local\":\"%s\",\"message\":1}".formatted(ours)),
                web.publish(
                        "{\"topic\":\"news\",\"uuid_local\":\"%s\",\"message\":1}".formatted(ada),
                        "Authorization",
                        "Bearer " + ours),
                web.publishForm("topic=news&uuid_local=%s&message=1".formatted(ours)))) {
            assertRefused(answer, ClientError.FORBIDDEN_TOPIC);
        }
    }

    @Test
    void topicWithoutProofIs401() throws Exception {
        web.start();

        for (HttpResponse<String> answer : List.of(
                web.publish("{\"topic\":\"news\",\"message\":1}"),
                web.publish("{\"topic\":\"news\",\"uuid_local\":\"%s\",\"message\":1}".formatted(ada)),
                web.publish("{\"topic\":\"news\",\"message\":1}", "X-API-Key", "wrong"))) {
            assertRefused(answer, ClientError.UNAUTHENTICATED);
        }
    }

    @Test
    void topicThatIsReservedOrNoneIs422() throws Exception {
        web.start();

        for (String name :
                List.of("", "@" + bob, "@", "\\u0040" + bob, "a\\nb", "\\u0000", "\\ud800", "}", "x".repeat(256))) {
            HttpResponse<String> answer =
                    web.publish("{\"topic\":\"%s\",\"message\":1}".formatted(name), "X-API-Key", RunningWeb.API_KEY);
            assertRefused(answer, ClientError.INVALID_TOPIC);
        }
    }

    // ---- idempotency keys

    @Test
    void firstWithItsKeyIsPublished() throws Exception {
        web.draft.idempotencyTime = Duration.ofHours(2);
        web.start();

        HttpResponse<String> answer = web.publish(web.fine("1"), "Idempotency-Key", "\"k\"");

        Publication publication = web.broker.published.getFirst();
        assertThat(answer.body())
                .isEqualTo(
                        "{\"status\":true,\"id\":\"%s\",\"online\":true,\"stored\":false}".formatted(publication.id()));
        assertThat(answer.headers().firstValue("Idempotency-Replayed")).isEmpty();
        assertThat(web.broker.keys).hasSize(1);
        assertThat(web.broker.keys.getFirst().time()).isEqualTo(Duration.ofHours(2));
        assertThat(web.count("whimbrel.web.publish.accepted")).isEqualTo(1);
        assertThat(web.count("whimbrel.web.publish.replayed")).isZero();
        assertThat(web.metrics.get("whimbrel.web.broker").timer().count()).isEqualTo(1);
    }

    @Test
    void withoutAKeyNoneIsMade() throws Exception {
        web.start();

        web.publish(web.fine("1"));
        web.publish(body(bob, web.tokenOf(ada), "1,\"idempotency_key\":null"));

        assertThat(web.broker.published).hasSize(2);
        assertThat(web.broker.keys).isEmpty();
    }

    @Test
    void repetitionGetsTheFirstAnswerAndGoesNowhere() throws Exception {
        web.draft.redisPlainChannel = "article";
        web.start();
        web.broker.outcome = new PublishedOnce.Repeat("the-first", new Published(1, new Position("abc", 7)));

        HttpResponse<String> answer = web.publish(web.fine("1"), "Idempotency-Key", "k");

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.headers().firstValue("Idempotency-Replayed")).contains("true");
        assertThat(answer.body()).isEqualTo("{\"status\":true,\"id\":\"the-first\",\"online\":true,\"stored\":true}");
        assertThat(web.broker.plain).isEmpty();
        assertThat(web.count("whimbrel.web.publish.replayed")).isEqualTo(1);
        assertThat(web.count("whimbrel.web.publish.accepted")).isZero();
    }

    @Test
    void oneKeyForTwoMessagesIs422() throws Exception {
        web.draft.redisPlainChannel = "article";
        web.start();
        web.broker.outcome = new PublishedOnce.Mismatch();

        HttpResponse<String> answer = web.publish(web.fine("1"), "Idempotency-Key", "secret-key");

        assertRefused(answer, ClientError.IDEMPOTENCY_MISMATCH);
        assertThat(answer.body())
                .contains("urn:whimbrel:problem:idempotency-mismatch")
                .doesNotContain("secret-key");
        assertThat(web.broker.plain).isEmpty();
        assertThat(web.count("whimbrel.web.publish.refused", "problem", "idempotency-mismatch"))
                .isEqualTo(1);
    }

    @Test
    void keyIsTheSameWhereverItStands() throws Exception {
        web.start();
        String ours = web.tokenOf(ada);

        web.publish(body(bob, ours, "\"m\""), "Idempotency-Key", "\"k\"");
        web.publish(body(bob, ours, "\"m\""), "Idempotency-Key", "k");
        web.publish(body(bob, ours, "\"m\",\"idempotency_key\":\"k\""));
        web.publish(body(bob, ours, "\"m\",\"idempotency_key\":\"k\""), "Idempotency-Key", "k");
        web.publishForm("uuid_remote=%s&uuid_local=%s&message=m&idempotency_key=k".formatted(bob, ours));
        web.publish(body(bob, ada.toString(), "\"m\""), "Authorization", "Bearer " + ours, "Idempotency-Key", "k");

        assertThat(web.broker.keys).hasSize(6);
        assertThat(Set.copyOf(web.broker.keys)).hasSize(1);
    }

    @Test
    void keysOfOtherSendersAreOthers() throws Exception {
        web.start();
        String[] key = {"X-API-Key", RunningWeb.API_KEY, "Idempotency-Key", "k"};
        String[] otherKey = {"X-API-Key", "another", "Idempotency-Key", "k"};

        web.publish(body(bob, web.tokenOf(ada), "1"), "Idempotency-Key", "k");
        web.publish(body(bob, web.tokenOf(bob), "1"), "Idempotency-Key", "k");
        web.publish(body(bob, ada.toString(), "1"), key);
        web.publish(body(bob, ada.toString(), "1"), otherKey);
        web.publish(body(bob, bob.toString(), "1"), key);
        web.publish("{\"uuid_remote\":\"%s\",\"message\":1}".formatted(bob), key);
        web.publish(body(bob, web.tokenOf(ada), "1"), "Idempotency-Key", "K");

        assertThat(web.broker.keys).extracting(IdempotencyKey::digest).doesNotHaveDuplicates();
        assertThat(web.broker.keys)
                .extracting(IdempotencyKey::payloadDigest)
                .hasSize(7)
                .containsOnly(web.broker.keys.getFirst().payloadDigest());
    }

    @Test
    void whatIsNoKeyIs400() throws Exception {
        web.start();
        String ours = web.tokenOf(ada);

        for (HttpResponse<String> answer : List.of(
                web.publish(web.fine("1"), "Idempotency-Key", ""),
                web.publish(web.fine("1"), "Idempotency-Key", "two words"),
                web.publish(web.fine("1"), "Idempotency-Key", "k".repeat(256)),
                web.publish(web.fine("1"), "Idempotency-Key", "k", "Idempotency-Key", "k"),
                web.publish(body(bob, ours, "1,\"idempotency_key\":\"\"")),
                web.publish(body(bob, ours, "1,\"idempotency_key\":7")),
                web.publish(body(bob, ours, "1,\"idempotency_key\":\"k\""), "Idempotency-Key", "K"),
                web.publishForm("uuid_remote=%s&uuid_local=%s&message=m&idempotency_key=".formatted(bob, ours)))) {
            assertRefused(answer, ClientError.MALFORMED_REQUEST);
            assertThat(answer.body()).contains("dempotency");
        }
    }

    @Test
    void brokerThatIsAwayIs503AlsoWithAKey() throws Exception {
        web.start();
        web.broker.answer = CompletableFuture.failedFuture(new BrokerUnavailableException("away"));

        assertUnavailable(web.publish(web.fine("1"), "Idempotency-Key", "k"));
    }

    // ---- in which order

    @Test
    void checksComeInTheirOrder() throws Exception {
        web.nanos = new AtomicLong();
        web.draft.rateBurst = 1;
        web.start();
        String ours = web.tokenOf(ada);
        web.publish(body(bob, ours, "1"));
        web.broker.published.clear();

        assertRefused(web.publish(bodyTo("nobody's", "nobody's", "1 2")), ClientError.MALFORMED_REQUEST);
        assertRefused(web.publish(bodyTo("nobody's", "nobody's", "1")), ClientError.UNAUTHENTICATED);
        assertRefused(web.publish(bodyTo("nobody's", ours, "1")), ClientError.INVALID_RECIPIENT);
        assertRefused(web.publish(body(bob, ours, "1")), ClientError.RATE_LIMITED);
    }

    // ---- how fast

    @Test
    void fastSenderIsToldWhenToComeBack() throws Exception {
        AtomicLong nanos = new AtomicLong();
        web.nanos = nanos;
        web.draft.ratePerSecond = 1;
        web.draft.rateBurst = 2;
        web.start();
        String ours = web.tokenOf(ada);
        web.publish(body(bob, ours, "1"));
        web.publish(body(bob, ours, "2"));

        HttpResponse<String> tooFast = web.publish(body(bob, web.tokenOf(ada), "3"));
        HttpResponse<String> somebodyElse = web.publish(body(bob, web.tokenOf(bob), "4"));
        nanos.addAndGet(SECONDS.toNanos(1));
        HttpResponse<String> later = web.publish(body(bob, ours, "5"));

        assertThat(tooFast.statusCode()).isEqualTo(429);
        assertThat(tooFast.headers().firstValue("Retry-After")).contains("1");
        assertThat(tooFast.body()).contains("urn:whimbrel:problem:rate-limited");
        assertThat(somebodyElse.statusCode()).isEqualTo(200);
        assertThat(later.statusCode()).isEqualTo(200);
        assertThat(web.broker.published)
                .extracting(p -> new String(p.payload(), UTF_8))
                .containsExactly("1", "2", "4", "5");
    }

    @Test
    void backendIsNotSlowedDown() throws Exception {
        web.nanos = new AtomicLong();
        web.draft.rateBurst = 1;
        web.start();

        for (int i = 0; i < 5; i++) {
            HttpResponse<String> answer = web.publish(body(bob, ada.toString(), "1"), "X-API-Key", RunningWeb.API_KEY);
            assertThat(answer.statusCode()).isEqualTo(200);
        }
    }

    // ---- the broker

    @Test
    void brokerThatIsAwayIs503() throws Exception {
        web.start();
        BrokerUnavailableException away = new BrokerUnavailableException("away");

        web.broker.answer = CompletableFuture.failedFuture(away);
        assertUnavailable(web.publish(web.fine("1")));
        web.broker.answer = CompletableFuture.failedFuture(new CompletionException(away));
        assertUnavailable(web.publish(web.fine("1")));
        assertThat(web.count("whimbrel.web.publish.accepted")).isZero();
    }

    @Test
    void brokerThatDoesNotAnswerInTimeIs503() throws Exception {
        web.draft.publishTimeout = Duration.ofMillis(50);
        web.start();
        CompletableFuture<Published> never = new CompletableFuture<>();
        web.broker.answer = never;

        assertUnavailable(web.publish(web.fine("1")));
        never.complete(new Published(1, null));
        web.broker.answer = CompletableFuture.completedFuture(new Published(1, null));

        assertThat(web.publish(web.fine("2")).statusCode()).isEqualTo(200);
        assertThat(web.count("whimbrel.web.publish.accepted")).isEqualTo(1);
    }

    @Test
    void brokerThatMakesAMistakeIs500WithoutATrace() throws Exception {
        web.start();
        web.broker.answer = CompletableFuture.failedFuture(new IllegalStateException("inside"));

        HttpResponse<String> answer = web.publish(web.fine("1"));

        assertThat(answer.statusCode()).isEqualTo(500);
        assertThat(answer.headers().firstValue("Access-Control-Allow-Origin")).contains("*");
        assertThat(answer.body())
                .contains("urn:whimbrel:problem:internal-error", "\"instance\":\"urn:uuid:")
                .doesNotContain("inside", "Exception");
    }

    // ---- the original's channel

    @Test
    void originalSystemHearsToo() throws Exception {
        web.draft.redisPlainChannel = "article";
        web.start();
        String adasToken = web.tokenOf(ada);
        String bobsToken = web.tokenOf(bob);

        web.publish(bodyTo(bobsToken, adasToken, "{\"a\": 1}"));
        web.publish("{\"uuid_remote\":\"%s\",\"message\":\"x\"}".formatted(bob), "X-API-Key", RunningWeb.API_KEY);

        List<Publication> sent = web.broker.published;
        FakeBroker.PlainRecord first = new FakeBroker.PlainRecord(
                "article",
                "{\"uuid_remote\":\"%s\",\"uuid_local\":\"%s\",\"message\":{\"a\": 1},\"whimbrel\":\"%s\"}"
                        .formatted(bobsToken, ada, sent.get(0).id()));
        FakeBroker.PlainRecord second = new FakeBroker.PlainRecord(
                "article",
                "{\"uuid_remote\":\"%s\",\"message\":\"x\",\"whimbrel\":\"%s\"}"
                        .formatted(bob, sent.get(1).id()));
        // Copies go out behind the answers, and those of two connections in any order.
        await().atMost(RunningWeb.DEADLINE)
                .untilAsserted(() -> assertThat(web.broker.plain).containsExactlyInAnyOrder(first, second));
    }

    @Test
    void originalSystemBeingAwayChangesNothing() throws Exception {
        web.draft.redisPlainChannel = "article";
        web.start();
        web.broker.plainFails = true;

        assertThat(web.publish(web.fine("1")).statusCode()).isEqualTo(200);
        assertThat(web.publish(web.fine("1")).statusCode()).isEqualTo(200);
        await().atMost(RunningWeb.DEADLINE)
                .untilAsserted(() ->
                        assertThat(web.count("whimbrel.web.plain.failures")).isEqualTo(2));
    }

    @Test
    void originalSystemHearsNothingThatWasNotPublished() throws Exception {
        web.draft.redisPlainChannel = "article";
        web.start();
        web.broker.answer = CompletableFuture.failedFuture(new BrokerUnavailableException("away"));

        assertUnavailable(web.publish(web.fine("1")));

        assertThat(web.broker.plain).isEmpty();
    }

    @Test
    void plainChannelNeedsABrokerThatHasOne() {
        web.draft.redisPlainChannel = "article";
        web.broker.hasPlainChannels = false;

        assertThatThrownBy(web::start)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("web.redis.plain-channel is \"article\"");
    }

    // ---- helpers

    private void assertRefused(HttpResponse<String> answer, ClientError error) {
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(error.status());
        assertThat(answer.headers().firstValue("Content-Type")).contains("application/problem+json");
        assertThat(answer.headers().firstValue("Cache-Control")).contains("no-store");
        assertThat(answer.headers().firstValue("Retry-After").isPresent()).isEqualTo(error.retryable());
        assertThat(answer.body())
                .startsWith("{\"type\":\"%s\",\"title\":\"%s\",\"status\":%d,\"detail\":\""
                        .formatted(error.type(), error.title(), error.status()))
                .doesNotContain("token-");
        assertThat(web.broker.published).isEmpty();
    }

    private static void assertUnavailable(HttpResponse<String> answer) {
        assertThat(answer.statusCode()).isEqualTo(503);
        assertThat(answer.headers().firstValue("Retry-After")).contains("1");
        assertThat(answer.body()).contains("urn:whimbrel:problem:unavailable");
    }

    private static String body(Address to, String from, String message) {
        return bodyTo(to.toString(), from, message);
    }

    private static String bodyTo(String to, String from, String message) {
        return "{\"uuid_remote\":\"%s\",\"uuid_local\":\"%s\",\"message\":%s}".formatted(to, from, message);
    }

    private static String tokenIn(HttpResponse<String> answer) {
        return answer.body().replaceAll(".*\"token\":\"([^\"]*)\".*", "$1");
    }

    private Address addressOf(String token) throws Exception {
        String body = web.get("/auth/" + token).body();
        return Address.parse(body.replaceAll(".*\"uuid\":\"([^\"]*)\".*", "$1")).orElseThrow();
    }
}
