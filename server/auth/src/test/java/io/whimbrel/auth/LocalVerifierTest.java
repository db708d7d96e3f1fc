package io.whimbrel.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jwt.JWTClaimsSet;
import io.whimbrel.model.Address;
import io.whimbrel.model.Topic;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LocalVerifierTest {
    private static final TokenVerdict INVALID = new TokenVerdict.Invalid();
    private static final TokenVerdict EXPIRED = new TokenVerdict.Expired();

    private final FakeClock clock = new FakeClock();
    private final Address address = Address.random();

    @TempDir
    private Path folder;

    @ParameterizedTest
    @EnumSource
    void believesWhatTheIssuerSigned(SignatureAlgorithm algorithm) {
        KeySource.SigningKey key = key(algorithm);
        IssuedToken token = issue(key);

        try (LocalVerifier verifier = new LocalVerifier(key, clock)) {
            assertThat(Answers.of(verifier.verify(token.token()))).isEqualTo(valid(token, List.of()));
        }
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "HS256")
    void publicKeyIsEnough(SignatureAlgorithm algorithm) {
        KeyPair pair = TestKeys.pair(algorithm);
        String token = issue(new KeySource.PrivateKeyFile(algorithm, TestKeys.privateKeyFile(folder, pair)))
                .token();

        try (LocalVerifier verifier = withPublicKey(pair)) {
            assertThat(Answers.of(verifier.verify(token))).isInstanceOf(TokenVerdict.Valid.class);
        }
    }

    @ParameterizedTest
    @EnumSource
    void tokenEndsWithItsTimeAlsoWhenItIsRemembered(SignatureAlgorithm algorithm) {
        KeySource.SigningKey key = key(algorithm);
        String token = issue(key).token();

        try (LocalVerifier verifier = new LocalVerifier(key, clock)) {
            clock.advance(TokenSettings.DEFAULT_LIFETIME.minusSeconds(1));
            assertThat(Answers.of(verifier.verify(token))).isInstanceOf(TokenVerdict.Valid.class);

            clock.advance(Duration.ofSeconds(1));
            assertThat(Answers.of(verifier.verify(token))).isEqualTo(EXPIRED);
        }
    }

    @Test
    void sharedSecretIsCheckedAtOnceAndARememberedTokenToo() {
        KeySource.SigningKey expensive = key(SignatureAlgorithm.ES256);
        String dear = issue(expensive).token();
        String cheap = issue(TestKeys.shared(TestKeys.SECRET)).token();

        try (LocalVerifier verifier = new LocalVerifier(expensive, clock)) {
            assertThat(secret().verify(cheap)).matches(LocalVerifierTest::isDone);
            Answers.of(verifier.verify(dear));

            assertThat(verifier.verify(dear)).matches(LocalVerifierTest::isDone);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aTokenFoundValidIsNotCheckedAgain(SignatureAlgorithm algorithm) {
        KeySource.SigningKey key = key(algorithm);
        String token = issue(key).token();
        VerificationLimits forgetful = VerificationLimits.DEFAULT.withCachedTokens(0);

        try (LocalVerifier remembering = new LocalVerifier(key, clock);
                LocalVerifier forgetting = new LocalVerifier(key, 1, forgetful, clock)) {
            assertThat(Answers.of(remembering.verify(token))).isSameAs(Answers.of(remembering.verify(token)));
            assertThat(Answers.of(forgetting.verify(token)))
                    .isNotSameAs(Answers.of(forgetting.verify(token)))
                    .isInstanceOf(TokenVerdict.Valid.class);
        }
    }

    @ParameterizedTest
    @EnumSource
    void tokenEndsWithItsTimeWhenItIsNotRemembered(SignatureAlgorithm algorithm) {
        KeySource.SigningKey key = key(algorithm);
        String token = issue(key).token();

        try (LocalVerifier verifier =
                new LocalVerifier(key, 1, VerificationLimits.DEFAULT.withCachedTokens(0), clock)) {
            clock.advance(TokenSettings.DEFAULT_LIFETIME);

            assertThat(Answers.of(verifier.verify(token))).isEqualTo(EXPIRED);
        }
    }

    @ParameterizedTest
    @EnumSource
    void changedTokensAreInvalid(SignatureAlgorithm algorithm) {
        KeySource.SigningKey key = key(algorithm);
        String token = issue(key).token();
        int step = algorithm == SignatureAlgorithm.HS256 ? 1 : 17;

        try (LocalVerifier verifier = new LocalVerifier(key, clock)) {
            for (int i = 0; i < token.length() - 1; i += step) { // the last character may hold unused bits
                char other = token.charAt(i) == 'A' ? 'B' : 'A';
                String changed = token.substring(0, i) + other + token.substring(i + 1);
                if (!changed.equals(token)) {
                    assertThat(Answers.of(verifier.verify(changed)))
                            .as("at %d", i)
                            .isEqualTo(INVALID);
                }
            }
        }
    }

    @Test
    void truncatedTokensAreInvalid() {
        String token = issue(TestKeys.shared(TestKeys.SECRET)).token();

        for (int length = 0; length < token.length(); length++) {
            assertThat(verdict(token.substring(0, length))).as("at %d", length).isEqualTo(INVALID);
        }
    }

    @Test
    void hostileTextIsInvalid() {
        String token = issue(TestKeys.shared(TestKeys.SECRET)).token();
        List<String> hostile = List.of(
                "",
                ".",
                "..",
                "...",
                "a.b.c",
                token + ".",
                token + "=",
                token + "\n",
                " " + token,
                token.replace(".", ".!"), // nimbus would pass over the mark
                "\u0000",
                "\uD800",
                "é.é.é",
                "x".repeat(1_000_000),
                token + "A".repeat(JwtRules.MAX_OWN_LENGTH),
                TestKeys.base64("{\"alg\":".repeat(500)) + ".e30.AAAA",
                TestKeys.base64("[".repeat(2_000)) + ".e30.AAAA",
                TestKeys.base64("{\"alg\":\"HS256\",\"jwk\":{\"kty\":\"RSA\"}}") + ".e30.AAAA",
                TestKeys.base64("{\"alg\":\"HS256\",\"x5c\":[\"x\"]}") + ".e30.AAAA",
                TestKeys.base64("{\"alg\":null}") + ".e30.AAAA",
                TestKeys.base64("{\"alg\":5}") + ".e30.AAAA");

        assertThat(hostile).allSatisfy(text -> assertThat(verdict(text)).isEqualTo(INVALID));
    }

    @Test
    void noiseIsInvalidAndNeverAnException() {
        Random random = new Random(42);
        String token = issue(TestKeys.shared(TestKeys.SECRET)).token();
        String characters = "ABCxyz019-_.{}\"%";

        for (int i = 0; i < 20_000; i++) {
            char[] noise = token.toCharArray();
            for (int change = 0; change <= i % 5; change++) {
                noise[random.nextInt(noise.length - 1)] = characters.charAt(random.nextInt(characters.length()));
            }
            String text = new String(noise);
            if (!text.equals(token)) {
                assertThat(verdict(text)).as(text).isEqualTo(INVALID);
            }
        }
    }

    @Test
    void unsignedTokensAreInvalid() {
        String claims = TestKeys.base64("{\"iss\":\"whimbrel\",\"sub\":\"%s\",\"exp\":%d}"
                .formatted(address, clock.instant().getEpochSecond() + 100));

        for (String algorithm : List.of("none", "None", "NONE", "", "HS256")) {
            String header = TestKeys.base64("{\"alg\":\"%s\"}".formatted(algorithm));
            assertThat(verdict(header + "." + claims + ".")).as(algorithm).isEqualTo(INVALID);
            assertThat(verdict(header + "." + claims + ".AAAA")).as(algorithm).isEqualTo(INVALID);
        }
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "HS256")
    void publicKeyIsNoSharedSecret(SignatureAlgorithm algorithm) throws Exception {
        KeyPair pair = TestKeys.pair(algorithm);
        byte[] der = pair.getPublic().getEncoded();
        List<byte[]> secrets = List.of(der, TestKeys.pem("PUBLIC KEY", der).getBytes(StandardCharsets.UTF_8));

        try (LocalVerifier verifier = withPublicKey(pair)) {
            for (byte[] secret : secrets) {
                String token =
                        TestKeys.sign(new MACSigner(secret), new JWSHeader(JWSAlgorithm.HS256), claims().build());

                assertThat(Answers.of(verifier.verify(token))).isEqualTo(INVALID);
            }
        }
    }

    @Test
    void otherAlgorithmsOfTheSameKeyAreInvalid() throws Exception {
        String longSecret = TestKeys.SECRET.repeat(2);
        KeyPair pair = TestKeys.pair(SignatureAlgorithm.RS256);

        try (LocalVerifier shared = new LocalVerifier(TestKeys.shared(longSecret), clock);
                LocalVerifier rsa = withPublicKey(pair)) {
            assertThat(Answers.of(shared.verify(TestKeys.sign(
                            new MACSigner(longSecret), new JWSHeader(JWSAlgorithm.HS512), claims().build()))))
                    .isEqualTo(INVALID);
            assertThat(Answers.of(rsa.verify(TestKeys.sign(
                            new RSASSASigner(pair.getPrivate()), new JWSHeader(JWSAlgorithm.PS256), claims().build()))))
                    .isEqualTo(INVALID);
        }
    }

    @Test
    void tokenMustBeOursAndWhole() throws Exception {
        Date end = Date.from(clock.instant().plusSeconds(100));

        assertThat(verdict(signed(claims().build()))).isInstanceOf(TokenVerdict.Valid.class);
        assertThat(verdict(signed(claims().issuer("somebody").build()))).isEqualTo(INVALID);
        assertThat(verdict(signed(claims().issuer(null).build()))).isEqualTo(INVALID);
        assertThat(verdict(signed(claims().expirationTime(null).build()))).isEqualTo(INVALID);
        assertThat(verdict(signed(claims().subject(null).build()))).isEqualTo(INVALID);
        assertThat(verdict(signed(claims().subject("alice").build()))).isEqualTo(INVALID);
        assertThat(verdict(signed(claims().notBeforeTime(end).build()))).isEqualTo(INVALID);
        assertThat(verdict(signed(claims().claim("exp", "tomorrow").build()))).isEqualTo(INVALID);
    }

    @ParameterizedTest
    @EnumSource
    void topicsComeBackAlsoWhenTheTokenIsRemembered(SignatureAlgorithm algorithm) {
        KeySource.SigningKey key = key(algorithm);
        List<Topic> topics = List.of(new Topic("news"), new Topic("\"room\" \\ 😀 </b>"));
        IssuedToken token = new SignedTokens(TokenSettings.withDefaults(key), clock).issue(address, topics);

        try (LocalVerifier verifier = new LocalVerifier(key, clock)) {
            for (int i = 0; i < 2; i++) {
                assertThat(Answers.of(verifier.verify(token.token()))).isEqualTo(valid(token, topics));
            }
        }
    }

    @Test
    void tokenWhoseTopicsAreWrongIsInvalidAsAWhole() throws Exception {
        for (Object claim : List.of(
                "news",
                5,
                true,
                Map.of("news", 1),
                List.of("news", 5),
                List.of("news", List.of("birds")),
                List.of("news", ""),
                List.of("news", "@" + address),
                List.of("@anything"),
                List.of("a\nb"),
                List.of("}"),
                List.of("x".repeat(256)),
                Collections.nCopies(101, "news"))) {
            assertThat(verdict(signed(claims().claim("topics", claim).build())))
                    .as("%s", claim)
                    .isEqualTo(INVALID);
        }
    }

    @Test
    void topicsNamedTwiceCountOnceAndNoneAreNone() throws Exception {
        assertThat(topicsOf(List.of("a", "b", "a"))).containsExactly(new Topic("a"), new Topic("b"));
        assertThat(topicsOf(List.of())).isEmpty();
        assertThat(topicsOf(null)).isEmpty();
    }

    @Test
    void numberOfTopicsHasASetLimit() throws Exception {
        String two = signed(claims().claim("topics", List.of("a", "b")).build());
        String one = signed(claims().claim("topics", List.of("a")).build());

        try (LocalVerifier verifier = new LocalVerifier(TestKeys.shared(TestKeys.SECRET), 1, clock)) {
            assertThat(Answers.of(verifier.verify(two))).isEqualTo(INVALID);
            assertThat(Answers.of(verifier.verify(one))).isInstanceOf(TokenVerdict.Valid.class);
        }
    }

    /** Else a renewed token could become one that nobody takes any more. */
    @Test
    void everyTokenWhoseTopicsPassFitsIntoTheLimitOfATokenWithAnyKey() {
        TokenSettings settings = TokenSettings.withDefaults(new KeySource.PrivateKeyFile(
                SignatureAlgorithm.RS256, TestKeys.privateKeyFile(folder, TestKeys.rsa(4096))));
        SignedTokens tokens = new SignedTokens(settings, clock);
        TopicsClaim claim = new TopicsClaim(1_000);
        for (String unit : List.of("a", "é", "漢", "😀", "\"", "\\", "/", "\u2028", "<", "&", "\u00ad")) {
            List<String> names = new ArrayList<>();
            Optional<List<Topic>> largest = Optional.empty();
            for (Optional<List<Topic>> read = claim.read(List.of()); read.isPresent(); read = claim.read(names)) {
                largest = read;
                names.add("%03d".formatted(names.size()) + unit.repeat(20));
            }

            assertThat(tokens.issue(address, largest.orElseThrow()).token())
                    .as("with %d topics of %s", names.size() - 1, unit)
                    .hasSizeBetween(3_000, JwtRules.MAX_OWN_LENGTH);
        }
    }

    @Test
    void extensionsThatMustBeUnderstoodAreRefused() throws Exception {
        JWSHeader header = new JWSHeader.Builder(JWSAlgorithm.HS256)
                .criticalParams(Set.of("exp"))
                .customParam("exp", 1)
                .build();

        String token = TestKeys.sign(new MACSigner(TestKeys.SECRET), header, claims().build());

        assertThat(verdict(token)).isEqualTo(INVALID);
    }

    @Test
    void expiredIsSaidOfGenuineTokensOnly() {
        String genuine = issue(TestKeys.shared(TestKeys.SECRET)).token();
        String forged = issue(TestKeys.shared(TestKeys.OTHER_SECRET)).token();

        clock.advance(TokenSettings.DEFAULT_LIFETIME);

        assertThat(verdict(genuine)).isEqualTo(EXPIRED);
        assertThat(verdict(forged)).isEqualTo(INVALID);
    }

    @Test
    void secretCanBeReplacedWithoutThrowingAnybodyOut() {
        String old = issue(TestKeys.shared(TestKeys.SECRET)).token();
        KeySource.SharedSecret rotated = TestKeys.shared(TestKeys.OTHER_SECRET, TestKeys.SECRET);
        String fresh = issue(rotated).token();

        try (LocalVerifier verifier = new LocalVerifier(rotated, clock)) {
            assertThat(Answers.of(verifier.verify(old))).isInstanceOf(TokenVerdict.Valid.class);
            assertThat(Answers.of(verifier.verify(fresh))).isInstanceOf(TokenVerdict.Valid.class);
        }
        assertThat(verdict(fresh)).as("with the old secret alone").isEqualTo(INVALID);
    }

    @Test
    void tooManyChecksAtOnceAreAnsweredUnavailable() {
        KeySource.SigningKey key = key(SignatureAlgorithm.ES256);
        SignedTokens tokens = new SignedTokens(TokenSettings.withDefaults(key), clock);
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            texts.add(tokens.issue(address).token());
        }

        try (LocalVerifier verifier =
                new LocalVerifier(key, 1, new VerificationLimits(100, 1, 2, 10, Duration.ofSeconds(1)), clock)) {
            List<TokenVerdict> verdicts = texts.stream().map(verifier::verify).toList().stream()
                    .map(Answers::of)
                    .toList();

            assertThat(verdicts).hasAtLeastOneElementOfType(TokenVerdict.Valid.class);
            assertThat(verdicts).contains(new TokenVerdict.Unavailable("auth-signatures is overloaded"));
        }
    }

    @Test
    void closedVerifierAnswersUnavailable() {
        KeySource.SigningKey key = key(SignatureAlgorithm.EDDSA);
        LocalVerifier verifier = new LocalVerifier(key, clock);

        verifier.close();

        assertThat(Answers.of(verifier.verify(issue(key).token()))).isInstanceOf(TokenVerdict.Unavailable.class);
    }

    @Test
    void publicKeyFileWithoutAKeyStopsTheStart() {
        Path file = TestKeys.write(folder.resolve("public.pem"), TestKeys.pem("PUBLIC KEY", new byte[] {1, 2}));

        assertThatThrownBy(() -> new LocalVerifier(new KeySource.PublicKeyFile("auth.public-key", file), clock))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("auth.public-key: " + file);
    }

    private List<Topic> topicsOf(@Nullable Object claim) throws Exception {
        TokenVerdict verdict = verdict(signed(claims().claim("topics", claim).build()));
        return ((TokenVerdict.Valid) verdict).topics();
    }

    private static boolean isDone(CompletionStage<TokenVerdict> stage) {
        return stage.toCompletableFuture().isDone();
    }

    private LocalVerifier secret() {
        return new LocalVerifier(TestKeys.shared(TestKeys.SECRET), clock);
    }

    private TokenVerdict verdict(String token) {
        try (LocalVerifier verifier = secret()) {
            return Answers.of(verifier.verify(token));
        }
    }

    private IssuedToken issue(KeySource.SigningKey key) {
        return new SignedTokens(TokenSettings.withDefaults(key), clock).issue(address);
    }

    private JWTClaimsSet.Builder claims() {
        return new JWTClaimsSet.Builder()
                .issuer("whimbrel")
                .subject(address.toString())
                .expirationTime(Date.from(clock.instant().plusSeconds(100)));
    }

    private static String signed(JWTClaimsSet claims) throws Exception {
        return TestKeys.sign(new MACSigner(TestKeys.SECRET), new JWSHeader(JWSAlgorithm.HS256), claims);
    }

    private LocalVerifier withPublicKey(KeyPair pair) {
        return new LocalVerifier(
                new KeySource.PublicKeyFile("auth.public-key", TestKeys.publicKeyFile(folder, pair)), clock);
    }

    private KeySource.SigningKey key(SignatureAlgorithm algorithm) {
        return algorithm == SignatureAlgorithm.HS256
                ? TestKeys.shared(TestKeys.SECRET)
                : new KeySource.PrivateKeyFile(algorithm, TestKeys.privateKeyFile(folder, TestKeys.pair(algorithm)));
    }

    private TokenVerdict.Valid valid(IssuedToken token, List<Topic> topics) {
        return new TokenVerdict.Valid(
                address,
                token.expiresAtSeconds(),
                topics,
                clock.instant().getEpochSecond(),
                Fingerprint.of(token.token()));
    }
}
