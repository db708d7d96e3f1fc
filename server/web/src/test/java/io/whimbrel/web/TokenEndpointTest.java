package io.whimbrel.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.auth.Authenticator.Decision;
import io.whimbrel.auth.TokenVerdict.Expired;
import io.whimbrel.auth.TokenVerdict.Unavailable;
import io.whimbrel.auth.TokenVerdict.Valid;
import io.whimbrel.model.Address;
import io.whimbrel.model.Topic;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TokenEndpointTest {
    private static final Pattern ANSWER =
            Pattern.compile("\\{\"token\":\"([^\"]+)\",\"uuid\":\"([0-9a-f-]{36})\",\"expires_at\":2000000000}");

    private final RunningWeb web = new RunningWeb();

    @BeforeEach
    void start() throws Exception {
        web.start();
    }

    @AfterEach
    void stop() throws Exception {
        web.close();
    }

    @Test
    void anybodyGetsATokenForAFreshAddressInOpenMode() throws Exception {
        HttpResponse<String> first = web.get("/token");
        HttpResponse<String> second = web.get("/token");

        assertThat(first.statusCode()).isEqualTo(200);
        assertThat(first.headers().firstValue("Content-Type")).contains("application/json");
        assertThat(first.headers().firstValue("Cache-Control")).contains("no-store");
        assertThat(addressIn(first)).isNotEqualTo(addressIn(second));
        assertThat(web.tokens.verdicts.get(tokenIn(first)))
                .isEqualTo(new Valid(addressIn(first), FakeTokens.END_SECONDS));
        assertThat(web.count("whimbrel.web.tokens", "kind", "issued")).isEqualTo(2);
    }

    @Test
    void ownTokenIsRenewedForTheSameAddress() throws Exception {
        Address address = Address.random();
        String token = web.tokenOf(address);
        web.authenticator = _ -> CompletableFuture.completedFuture(new Decision.Denied("Basic"));

        HttpResponse<String> answer = web.get("/token", "Authorization", "bearer " + token);

        assertThat(addressIn(answer)).isEqualTo(address);
        assertThat(tokenIn(answer)).isNotEqualTo(token);
        assertThat(web.count("whimbrel.web.tokens", "kind", "renewed")).isEqualTo(1);
    }

    @Test
    void topicsOutliveARenewalAndComeWithAnIdentity() throws Exception {
        List<Topic> topics = List.of(new Topic("news"));
        web.authenticator = _ -> CompletableFuture.completedFuture(new Decision.Granted(Optional.of("ada"), topics));

        String first = tokenIn(web.get("/token", "Authorization", "Bearer of.another.house"));
        String renewed = tokenIn(web.get("/token", "Authorization", "Bearer " + first));

        assertThat(renewed).isNotEqualTo(first);
        assertThat(List.of(first, renewed))
                .allSatisfy(token -> assertThat(web.tokens.verdicts.get(token))
                        .isEqualTo(new Valid(web.tokens.addressOf("ada"), FakeTokens.END_SECONDS, topics)));
    }

    @Test
    void expiredOwnTokenLeadsToAFreshOneInOpenMode() throws Exception {
        String expired = web.tokens.known("old", new Expired());

        assertThat(web.get("/token", "Authorization", "Bearer " + expired).statusCode())
                .isEqualTo(200);
    }

    @Test
    void foreignBearerIsForTheAuthenticator() throws Exception {
        AtomicReference<Optional<String>> seen = new AtomicReference<>(Optional.empty());
        web.authenticator = header -> {
            seen.set(header);
            return CompletableFuture.supplyAsync(() -> new Decision.Granted(Optional.of("ada")));
        };

        HttpResponse<String> first = web.get("/token", "Authorization", "Bearer of.another.house");
        HttpResponse<String> second = web.get("/token", "Authorization", "Bearer of.another.house");

        assertThat(seen.get()).contains("Bearer of.another.house");
        assertThat(addressIn(first)).isEqualTo(web.tokens.addressOf("ada")).isEqualTo(addressIn(second));
    }

    @Test
    void deniedIs401WithTheChallenge() throws Exception {
        web.authenticator = _ -> CompletableFuture.completedFuture(new Decision.Denied("Basic realm=\"w\""));

        HttpResponse<String> answer = web.get("/token");

        assertThat(answer.statusCode()).isEqualTo(401);
        assertThat(answer.headers().firstValue("WWW-Authenticate")).contains("Basic realm=\"w\"");
        assertThat(answer.headers().firstValue("Content-Type")).contains("application/problem+json");
        assertThat(answer.body()).contains("\"type\":\"urn:whimbrel:problem:unauthenticated\"", "\"status\":401");
    }

    @Test
    void unavailableIs503WithRetryAfter() throws Exception {
        web.authenticator = _ -> CompletableFuture.completedFuture(new Decision.Unavailable("JWKS away"));
        HttpResponse<String> authenticator = web.get("/token");
        String undecided = web.tokens.known("undecided", new Unavailable("away"));
        HttpResponse<String> verifier = web.get("/token", "Authorization", "Bearer " + undecided);

        for (HttpResponse<String> answer : List.of(authenticator, verifier)) {
            assertThat(answer.statusCode()).isEqualTo(503);
            assertThat(answer.headers().firstValue("Retry-After")).contains("1");
            assertThat(answer.body()).contains("urn:whimbrel:problem:unavailable");
        }
    }

    private static Address addressIn(HttpResponse<String> answer) {
        return Address.parse(match(answer).group(2)).orElseThrow();
    }

    private static String tokenIn(HttpResponse<String> answer) {
        return match(answer).group(1);
    }

    private static Matcher match(HttpResponse<String> answer) {
        Matcher matcher = ANSWER.matcher(answer.body());
        assertThat(matcher.matches()).as(answer.body()).isTrue();
        return matcher;
    }
}
