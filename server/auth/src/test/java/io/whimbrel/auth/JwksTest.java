package io.whimbrel.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jwt.JWTClaimsSet;
import io.whimbrel.model.Address;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Date;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Verifying with keys from a real JWK set behind a real address. */
class JwksTest {
    private static final VerificationLimits LIMITS = new VerificationLimits(100, 1, 100, 20, Duration.ofSeconds(3));

    private final FakeClock clock = new FakeClock();

    @TempDir
    private Path folder;

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "HS256")
    void believesTokensOfPublishedKeys(SignatureAlgorithm algorithm) {
        SignedTokens tokens = tokens(algorithm);
        SignedTokens strangers = tokens(algorithm);

        try (FakeWebServer server = FakeWebServer.answering(tokens.publicKeys());
                LocalVerifier verifier = verifier(server)) {
            assertThat(verdict(verifier, tokens)).isInstanceOf(TokenVerdict.Valid.class);
            assertThat(verdict(verifier, strangers)).isEqualTo(new TokenVerdict.Invalid());
        }
    }

    @Test
    void setIsFetchedOnceForManyTokens() {
        SignedTokens tokens = tokens(SignatureAlgorithm.RS256);

        try (FakeWebServer server = FakeWebServer.answering(tokens.publicKeys());
                LocalVerifier verifier = verifier(server)) {
            for (int i = 0; i < 50; i++) {
                assertThat(verdict(verifier, tokens)).isInstanceOf(TokenVerdict.Valid.class);
            }

            assertThat(server.requests()).containsExactly("/jwks.json");
        }
    }

    @Test
    void unknownKeyIdsDoNotFloodTheServer() {
        SignedTokens tokens = tokens(SignatureAlgorithm.RS256);
        SignedTokens strangers = tokens(SignatureAlgorithm.RS256);

        try (FakeWebServer server = FakeWebServer.answering(tokens.publicKeys());
                LocalVerifier verifier = verifier(server)) {
            assertThat(verdict(verifier, tokens)).isInstanceOf(TokenVerdict.Valid.class);
            for (int i = 0; i < 50; i++) {
                assertThat(verdict(verifier, strangers)).isNotInstanceOf(TokenVerdict.Valid.class);
            }

            assertThat(server.requests()).hasSizeLessThanOrEqualTo(4);
            assertThat(verdict(verifier, tokens)).isInstanceOf(TokenVerdict.Valid.class);
        }
    }

    @Test
    void newKeyIsFoundWhenItsFirstTokenComes() {
        SignedTokens before = tokens(SignatureAlgorithm.ES256);
        SignedTokens after = tokens(SignatureAlgorithm.ES256);

        try (FakeWebServer server = FakeWebServer.answering(before.publicKeys());
                LocalVerifier verifier = verifier(server)) {
            assertThat(verdict(verifier, before)).isInstanceOf(TokenVerdict.Valid.class);
            server.answer(exchange -> FakeWebServer.send(exchange, 200, after.publicKeys()));

            assertThat(verdict(verifier, after)).isInstanceOf(TokenVerdict.Valid.class);
        }
    }

    @Test
    void unreachableServerMeansUnavailableUntilItIsBack() {
        SignedTokens tokens = tokens(SignatureAlgorithm.RS256);
        int port;
        try (FakeWebServer server = FakeWebServer.answering("")) {
            port = server.port();
        }

        try (LocalVerifier verifier = verifier("http://127.0.0.1:%d/jwks.json".formatted(port))) {
            assertThat(verdict(verifier, tokens)).isInstanceOf(TokenVerdict.Unavailable.class);

            try (FakeWebServer _ =
                    new FakeWebServer(exchange -> FakeWebServer.send(exchange, 200, tokens.publicKeys()), port)) {
                await().atMost(Duration.ofSeconds(20))
                        .untilAsserted(
                                () -> assertThat(verdict(verifier, tokens)).isInstanceOf(TokenVerdict.Valid.class));
            }
            assertThat(verdict(verifier, tokens)).as("with the keys it has").isInstanceOf(TokenVerdict.Valid.class);
        }
    }

    @Test
    void answersThatAreNoSetMeanUnavailable() {
        SignedTokens tokens = tokens(SignatureAlgorithm.RS256);

        for (String body : List.of("", "{", "[]", "{\"keys\":5}", "<html>", "x".repeat(1_000_000))) {
            try (FakeWebServer server = FakeWebServer.answering(body);
                    LocalVerifier verifier = verifier(server)) {
                assertThat(verdict(verifier, tokens))
                        .as(body.substring(0, Math.min(9, body.length())))
                        .isInstanceOf(TokenVerdict.Unavailable.class);
            }
        }
    }

    @Test
    void slowServerHoldsUpNobodyAndTooManyAreTurnedAway() {
        SignedTokens tokens = tokens(SignatureAlgorithm.RS256);
        CountDownLatch open = new CountDownLatch(1);

        try (FakeWebServer server = new FakeWebServer(exchange -> {
                    awaitQuietly(open);
                    FakeWebServer.send(exchange, 200, tokens.publicKeys());
                });
                LocalVerifier verifier = verifier(server)) {
            List<CompletionStage<TokenVerdict>> asked = Stream.generate(
                            () -> verifier.verify(tokens.issue(Address.random()).token()))
                    .limit(LIMITS.keyQuestions() + 5)
                    .toList();

            assertThat(asked.getFirst().toCompletableFuture().isDone()).isFalse();
            assertThat(Answers.of(asked.getLast()))
                    .isEqualTo(new TokenVerdict.Unavailable("too many wait for the JWK set"));
            open.countDown();
            assertThat(Answers.of(asked.getFirst())).isInstanceOf(TokenVerdict.Valid.class);
        }
    }

    @Test
    void symmetricKeyInASetIsNotBelieved() throws Exception {
        String set = "{\"keys\":[{\"kty\":\"oct\",\"k\":\"%s\",\"alg\":\"HS256\"}]}"
                .formatted(TestKeys.base64(TestKeys.SECRET));
        String token = TestKeys.sign(
                new MACSigner(TestKeys.SECRET),
                new JWSHeader(JWSAlgorithm.HS256),
                new JWTClaimsSet.Builder()
                        .issuer("whimbrel")
                        .subject(Address.random().toString())
                        .expirationTime(Date.from(clock.instant().plusSeconds(100)))
                        .build());

        try (FakeWebServer server = FakeWebServer.answering(set);
                LocalVerifier verifier = verifier(server)) {
            assertThat(Answers.of(verifier.verify(token))).isEqualTo(new TokenVerdict.Invalid());
        }
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private SignedTokens tokens(SignatureAlgorithm algorithm) {
        Path file = TestKeys.privateKeyFile(folder, TestKeys.pair(algorithm));
        return new SignedTokens(TokenSettings.withDefaults(new KeySource.PrivateKeyFile(algorithm, file)), clock);
    }

    private TokenVerdict verdict(LocalVerifier verifier, SignedTokens tokens) {
        return Answers.of(verifier.verify(tokens.issue(Address.random()).token()));
    }

    private LocalVerifier verifier(FakeWebServer server) {
        return verifier(server.url("/jwks.json"));
    }

    private LocalVerifier verifier(String url) {
        return new LocalVerifier(new KeySource.JwksUrl("auth.jwks-url", url), 100, LIMITS, clock);
    }
}
