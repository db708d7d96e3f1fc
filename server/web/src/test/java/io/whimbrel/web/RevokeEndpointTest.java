package io.whimbrel.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.auth.Addresses;
import io.whimbrel.auth.TokenVerdict.Expired;
import io.whimbrel.auth.TokenVerdict.Valid;
import io.whimbrel.broker.BrokerUnavailableException;
import io.whimbrel.broker.NoticesFullException;
import io.whimbrel.model.Address;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RevokeEndpointTest {
    private static final long NOW = RunningWeb.NOW.getEpochSecond();
    private static final long END = NOW + 1_000;

    private final RunningWeb web = new RunningWeb();
    private final Address address = Address.random();

    @BeforeEach
    void start() throws Exception {
        web.draft.apiKeys = List.of(RunningWeb.API_KEY);
        web.start();
        web.tokens.known("one", new Valid(address, END, List.of(), NOW - 5, 1));
        web.tokens.known("other", new Valid(address, END, List.of(), NOW, 2));
    }

    @AfterEach
    void close() throws Exception {
        web.close();
    }

    @Test
    void aRevokedTokenIsRefusedEverywhereAndAnotherIsNot() throws Exception {
        HttpResponse<String> answer = revoke("{\"token\":\"one\"}");

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.body()).isEqualTo("{\"status\":true,\"uuid\":\"%s\",\"until\":%d}".formatted(address, END));
        assertThat(web.get("/auth/one").body()).isEqualTo("{\"auth\":false,\"revoked\":true}");
        assertThat(web.get("/auth/other").body()).contains("\"auth\":true", "\"issued_at\":" + NOW);
        HttpResponse<String> asSender = web.publish(publication(Address.random().toString(), "one"));
        assertThat(asSender.statusCode()).isEqualTo(401);
        assertThat(asSender.body()).contains("uuid_local holds a token that was revoked");
        HttpResponse<String> asRecipient = web.publish(publication("one", "other"));
        assertThat(asRecipient.statusCode()).isEqualTo(422);
        assertThat(asRecipient.body()).contains("uuid_remote holds a token that was revoked");
        assertThat(web.publish(publication(address.toString(), "other")).statusCode())
                .isEqualTo(200);
        assertThat(web.get("/messages/x", "Authorization", "Bearer one").statusCode())
                .isEqualTo(401);
        assertThat(web.count("whimbrel.web.auth", "outcome", "revoked")).isEqualTo(1);
    }

    @Test
    void aRevokedTokenIsNotRenewed() throws Exception {
        revoke("{\"token\":\"one\"}");

        HttpResponse<String> answer = web.get("/token", "Authorization", "Bearer one");

        assertThat(answer.body()).doesNotContain(address.toString()); // somebody new, as without a token
        assertThat(web.count("whimbrel.web.tokens", "kind", "renewed")).isZero();
    }

    @Test
    void allTokensOfARevokedAddressAreRefused() throws Exception {
        HttpResponse<String> answer = revoke("{\"uuid\":\"%s\"}".formatted(address));

        assertThat(answer.body()).contains("\"until\":" + (NOW + 30 * 86_400));
        assertThat(web.get("/auth/one").body()).contains("revoked");
        assertThat(web.get("/auth/other").body()).contains("revoked");
        web.tokens.known("later", new Valid(address, END, List.of(), NOW + 1, 3));
        assertThat(web.get("/auth/later").body()).contains("\"auth\":true");
    }

    @Test
    void aTokenOfTheOriginalSystemIsRevokedUnseen() throws Exception {
        HttpResponse<String> answer = revoke("{\"token\":\"of another house\",\"foreign\":true}");

        assertThat(answer.body())
                .isEqualTo("{\"status\":true,\"uuid\":\"%s\",\"until\":%d}"
                        .formatted(Addresses.ofForeignToken("of another house"), NOW + 30 * 86_400));
        assertThat(revoke("{\"uuid\":\"%s\"}".formatted(Addresses.ofForeignToken("of another house")))
                        .body())
                .as("is not remembered for less")
                .contains("\"until\":" + (NOW + 30 * 86_400));
    }

    @Test
    void whatNeedsNoRevocationGetsNone() throws Exception {
        web.tokens.known("late", new Expired());

        assertThat(revoke("{\"token\":\"late\"}").body()).isEqualTo("{\"status\":true,\"expired\":true}");
        revoke("{\"token\":\"one\"}");
        assertThat(revoke("{\"token\":\"one\"}").body()).isEqualTo("{\"status\":true,\"revoked\":true}");
        assertThat(web.broker.notices.posted).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"token\":\"rubbish\"}", "{\"uuid\":\"one\"}", "{\"uuid\":\"\"}", "{\"token\":\"\"}"})
    void whatIsNeitherIsRefused(String body) throws Exception {
        HttpResponse<String> answer = revoke(body);

        assertThat(answer.statusCode()).isEqualTo(422);
        assertThat(answer.body()).contains("urn:whimbrel:problem:invalid-token").doesNotContain("rubbish");
        assertThat(web.broker.notices.posted).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "[]",
                "{",
                "{}",
                "{\"token\":1}",
                "{\"token\":\"one\",\"uuid\":\"two\"}",
                "{\"token\":\"one\",\"foreign\":1}",
                "{\"uuid\":\"123e4567-e89b-42d3-a456-426614174000\",\"foreign\":true}"
            })
    void whatCannotBeReadIsRefused(String body) throws Exception {
        assertThat(revoke(body).statusCode()).isEqualTo(400);
        assertThat(web.broker.notices.posted).isEmpty();
    }

    @Test
    void onlyBackendsRevoke() throws Exception {
        assertThat(post("{\"token\":\"one\"}").statusCode()).isEqualTo(401);
        assertThat(post("{\"token\":\"one\"}", "X-API-Key", "wrong").statusCode())
                .isEqualTo(401);
        assertThat(post("{\"token\":\"one\"}", "Authorization", "Bearer one").statusCode())
                .isEqualTo(401);
        assertThat(web.get("/revoke").statusCode()).isEqualTo(405);
        assertThat(web.broker.notices.posted).isEmpty();
    }

    @Test
    void whenTheBrokerIsAwayTheBackendTriesAgain() throws Exception {
        web.broker.notices.answer = CompletableFuture.failedFuture(new BrokerUnavailableException("away"));
        HttpResponse<String> away = revoke("{\"token\":\"one\"}");
        web.broker.notices.answer = CompletableFuture.failedFuture(new NoticesFullException("revoked", 1));
        HttpResponse<String> full = revoke("{\"token\":\"one\"}");

        assertThat(away.statusCode()).isEqualTo(503);
        assertThat(away.headers().firstValue("Retry-After")).isPresent();
        assertThat(full.statusCode()).isEqualTo(503);
        assertThat(full.body()).contains("As many revocations as there may be");
        assertThat(web.get("/auth/one").body()).contains("\"auth\":true");
    }

    private HttpResponse<String> revoke(String body) throws Exception {
        return post(body, "X-API-Key", RunningWeb.API_KEY);
    }

    private HttpResponse<String> post(String body, String... headers) throws Exception {
        var request = web.request("/revoke")
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofByteArray(body.getBytes(UTF_8)));
        return web.send(headers.length == 0 ? request : request.headers(headers));
    }

    private static String publication(String to, String from) {
        return "{\"uuid_remote\":\"%s\",\"uuid_local\":\"%s\",\"message\":1}".formatted(to, from);
    }
}
