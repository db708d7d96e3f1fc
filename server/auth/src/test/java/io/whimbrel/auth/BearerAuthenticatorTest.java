package io.whimbrel.auth;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jwt.JWTClaimsSet;
import io.whimbrel.auth.Authenticator.Decision;
import io.whimbrel.model.Address;
import io.whimbrel.model.Topic;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.interfaces.ECPrivateKey;
import java.time.Duration;
import java.util.Collections;
import java.util.Date;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BearerAuthenticatorTest {
    private static final Decision WRONG = new Decision.Denied("Bearer realm=\"whimbrel\", error=\"invalid_token\"");
    private static final Decision ALICE = new Decision.Granted(Optional.of("alice"));
    private static final KeySource.SharedSecret SECRET =
            new KeySource.SharedSecret("auth.bearer.secret", TestKeys.SECRET, List.of());

    private final FakeClock clock = new FakeClock();

    @TempDir
    private Path folder;

    @Test
    void subjectIsTheIdentity() {
        assertThat(decide(claims().build())).isEqualTo(ALICE);
    }

    @Test
    void requestWithoutATokenIsAskedForOne() {
        Decision ask = new Decision.Denied("Bearer realm=\"whimbrel\"");

        try (BearerAuthenticator authenticator = authenticator(SECRET, "", "")) {
            assertThat(Answers.of(authenticator.decide(Optional.empty()))).isEqualTo(ask);
            assertThat(Answers.of(authenticator.decide(Optional.of("Basic YTpi"))))
                    .isEqualTo(ask);
            assertThat(Answers.of(authenticator.decide(Optional.of("Bearer")))).isEqualTo(ask);
            assertThat(Answers.of(authenticator.decide(Optional.of("Bearer nonsense"))))
                    .isEqualTo(WRONG);
            assertThat(Answers.of(authenticator.decide(Optional.of("Bearer " + "x".repeat(1_000_000)))))
                    .isEqualTo(WRONG);
        }
    }

    @Test
    void tokenMustEndAndName() {
        assertThat(decide(claims().expirationTime(null).build())).isEqualTo(WRONG);
        assertThat(decide(claims().subject(null).build())).isEqualTo(WRONG);
        assertThat(decide(claims().subject("").build())).isEqualTo(WRONG);
    }

    @Test
    void topicsAreCarriedOver() {
        assertThat(decide(claims().claim("topics", List.of("news", "birds")).build()))
                .isEqualTo(new Decision.Granted(Optional.of("alice"), List.of(new Topic("news"), new Topic("birds"))));
    }

    @Test
    void wrongTopicsGetNoTokenAndAWordAboutIt() {
        Decision wrong = new Decision.Denied("Bearer realm=\"whimbrel\", error=\"invalid_token\","
                + " error_description=\"The claim topics cannot be used\"");

        assertThat(decide(claims().claim("topics", "news").build())).isEqualTo(wrong);
        assertThat(decide(claims().claim("topics", List.of("@x")).build())).isEqualTo(wrong);
        assertThat(decide(
                        claims().claim("topics", Collections.nCopies(101, "a")).build()))
                .isEqualTo(wrong);
        assertThat(decide(claims().claim("topics", Collections.nCopies(20, "a".repeat(200)))
                        .build()))
                .isEqualTo(wrong);
    }

    @Test
    void clocksMayDifferByAMinute() {
        JWTClaimsSet claims =
                claims().notBeforeTime(at(30)).expirationTime(at(100)).build();

        assertThat(decide(claims)).as("30 s before it begins").isEqualTo(ALICE);
        clock.advance(Duration.ofSeconds(159));
        assertThat(decide(claims)).as("59 s after its end").isEqualTo(ALICE);
        clock.advance(Duration.ofSeconds(2));
        assertThat(decide(claims))
                .isEqualTo(new Decision.Denied(
                        "Bearer realm=\"whimbrel\", error=\"invalid_token\", error_description=\"The token has"
                                + " expired\""));
        assertThat(decide(claims().notBeforeTime(at(62)).build())).isEqualTo(WRONG);
    }

    @Test
    void issuerAndAudienceMustFitWhereTheyAreSet() {
        JWTClaimsSet fits = claims().issuer("https://idp")
                .audience(List.of("other", "whimbrel-app"))
                .build();

        assertThat(decide(fits, "https://idp", "whimbrel-app")).isEqualTo(ALICE);
        assertThat(decide(fits, "https://elsewhere", "whimbrel-app")).isEqualTo(WRONG);
        assertThat(decide(fits, "https://idp", "app")).isEqualTo(WRONG);
        assertThat(decide(claims().build(), "https://idp", "")).isEqualTo(WRONG);
        assertThat(decide(claims().build(), "", "whimbrel-app")).isEqualTo(WRONG);
    }

    @Test
    void ourOwnTokenIsNotTheProviders() {
        SignedTokens ours = new SignedTokens(TokenSettings.withDefaults(TestKeys.shared(TestKeys.OTHER_SECRET)), clock);

        try (BearerAuthenticator authenticator = authenticator(SECRET, "", "")) {
            String token = ours.issue(Address.random()).token();
            assertThat(Answers.of(authenticator.decide(Optional.of("Bearer " + token))))
                    .isEqualTo(WRONG);
        }
    }

    @Test
    void longerHashesOfTheSameFamilyAreTaken() throws Exception {
        KeyPair rsa = TestKeys.rsa(2048);
        KeyPair ec = TestKeys.ec("secp384r1");

        assertThat(decideWithPublicKey(rsa, new RSASSASigner(rsa.getPrivate()), JWSAlgorithm.RS512))
                .isEqualTo(ALICE);
        assertThat(decideWithPublicKey(rsa, new RSASSASigner(rsa.getPrivate()), JWSAlgorithm.PS256))
                .isEqualTo(ALICE);
        assertThat(decideWithPublicKey(ec, new ECDSASigner((ECPrivateKey) ec.getPrivate()), JWSAlgorithm.ES384))
                .isEqualTo(ALICE);
        assertThat(decideWithPublicKey(rsa, new MACSigner(rsa.getPublic().getEncoded()), JWSAlgorithm.HS256))
                .isEqualTo(WRONG);
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "HS256")
    void keysComeFromTheProvidersSet(SignatureAlgorithm algorithm) throws Exception {
        KeyPair pair = TestKeys.pair(algorithm);
        JWK published = Jwks.publish(pair.getPublic(), algorithm);
        JWSHeader header = new JWSHeader.Builder(algorithm.jws())
                .keyID(published.getKeyID())
                .build();
        String token = TestKeys.sign(signer(pair, algorithm), header, claims().build());

        try (FakeWebServer provider = FakeWebServer.answering(new JWKSet(published).toString());
                BearerAuthenticator authenticator =
                        authenticator(new KeySource.JwksUrl("auth.bearer.jwks-url", provider.url("/keys")), "", "")) {
            assertThat(Answers.of(authenticator.decide(Optional.of("Bearer " + token))))
                    .isEqualTo(ALICE);
        }
    }

    @Test
    void providerAwayMeansUnavailable() throws Exception {
        KeyPair pair = TestKeys.rsa(2048);
        String token =
                TestKeys.sign(new RSASSASigner(pair.getPrivate()), new JWSHeader(JWSAlgorithm.RS256), claims().build());
        String url;
        try (FakeWebServer gone = FakeWebServer.answering("")) {
            url = gone.url("/keys");
        }

        try (BearerAuthenticator authenticator =
                authenticator(new KeySource.JwksUrl("auth.bearer.jwks-url", url), "", "")) {
            assertThat(Answers.of(authenticator.decide(Optional.of("Bearer " + token))))
                    .isInstanceOf(Decision.Unavailable.class);
        }
    }

    private Decision decideWithPublicKey(KeyPair pair, JWSSigner signer, JWSAlgorithm algorithm) {
        String token = TestKeys.sign(signer, new JWSHeader(algorithm), claims().build());
        KeySource key = new KeySource.PublicKeyFile("auth.bearer.public-key", TestKeys.publicKeyFile(folder, pair));
        try (BearerAuthenticator authenticator = authenticator(key, "", "")) {
            return Answers.of(authenticator.decide(Optional.of("Bearer " + token)));
        }
    }

    private Decision decide(JWTClaimsSet claims) {
        return decide(claims, "", "");
    }

    private Decision decide(JWTClaimsSet claims, String issuer, String audience) {
        try (BearerAuthenticator authenticator = authenticator(SECRET, issuer, audience)) {
            String token = TestKeys.sign(new MACSigner(TestKeys.SECRET), new JWSHeader(JWSAlgorithm.HS256), claims);
            return Answers.of(authenticator.decide(Optional.of("bearer " + token)));
        } catch (JOSEException e) {
            throw new AssertionError(e);
        }
    }

    private static JWSSigner signer(KeyPair pair, SignatureAlgorithm algorithm) throws JOSEException {
        return switch (algorithm) {
            case RS256 -> new RSASSASigner(pair.getPrivate());
            case ES256 -> new ECDSASigner((ECPrivateKey) pair.getPrivate());
            case EDDSA -> new Ed25519Signer(pair.getPrivate());
            case HS256 -> throw new IllegalArgumentException("HS256 has no key pair");
        };
    }

    private BearerAuthenticator authenticator(KeySource key, String issuer, String audience) {
        return new BearerAuthenticator(BearerSettings.withDefaults(key, issuer, audience), clock);
    }

    private JWTClaimsSet.Builder claims() {
        return new JWTClaimsSet.Builder().subject("alice").expirationTime(at(1_000));
    }

    private Date at(long secondsFromNow) {
        return Date.from(clock.instant().plusSeconds(secondsFromNow));
    }
}
