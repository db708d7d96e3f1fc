package io.whimbrel.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jwt.SignedJWT;
import io.whimbrel.model.Address;
import io.whimbrel.model.Topic;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SignedTokensTest {
    private final FakeClock clock = new FakeClock();

    @TempDir
    private Path folder;

    @Test
    void carriesAddressIssuerTimesAndAnIdOfItsOwn() throws Exception {
        Address address = Address.random();

        IssuedToken token = shared(TestKeys.SECRET).issue(address);

        SignedJWT read = SignedJWT.parse(token.token());
        long now = clock.instant().getEpochSecond();
        assertThat(read.getHeader().toString()).isEqualTo("{\"typ\":\"JWT\",\"alg\":\"HS256\"}");
        assertThat(read.getJWTClaimsSet().getSubject()).isEqualTo(address.toString());
        assertThat(read.getJWTClaimsSet().getIssuer()).isEqualTo("whimbrel");
        assertThat(read.getJWTClaimsSet().getIssueTime().toInstant().getEpochSecond())
                .isEqualTo(now);
        assertThat(read.getJWTClaimsSet().getExpirationTime().toInstant().getEpochSecond())
                .isEqualTo(now + 24 * 3600);
        assertThat(read.getJWTClaimsSet().getJWTID()).matches("[A-Za-z0-9_-]{22}");
        assertThat(token.expiresAtSeconds()).isEqualTo(now + 24 * 3600);
        assertThat(token.address()).isEqualTo(address);
    }

    @Test
    void namesTopicsOnlyWhereThereAreAny() throws Exception {
        SignedTokens tokens = shared(TestKeys.SECRET);

        IssuedToken with = tokens.issue(Address.random(), List.of(new Topic("news"), new Topic("é")));
        IssuedToken without = tokens.issue(Address.random());

        assertThat(SignedJWT.parse(with.token()).getJWTClaimsSet().getStringListClaim("topics"))
                .containsExactly("news", "é");
        assertThat(SignedJWT.parse(without.token()).getJWTClaimsSet().getClaims())
                .doesNotContainKey("topics");
    }

    @Test
    void idsNeverRepeat() throws Exception {
        SignedTokens tokens = shared(TestKeys.SECRET);
        Set<String> ids = new HashSet<>();

        for (int i = 0; i < 1_000; i++) {
            ids.add(SignedJWT.parse(tokens.issue(Address.random()).token())
                    .getJWTClaimsSet()
                    .getJWTID());
        }

        assertThat(ids).hasSize(1_000);
    }

    @ParameterizedTest
    @EnumSource
    void needsNoEscapingInUrlsAndSubprotocols(SignatureAlgorithm algorithm) {
        String token = new SignedTokens(TokenSettings.withDefaults(key(algorithm)), clock)
                .issue(Address.random())
                .token();

        assertThat(token).matches("[A-Za-z0-9._-]+").hasSizeLessThan(JwtRules.MAX_OWN_LENGTH);
    }

    @Test
    void identityLeadsToTheSameAddressAsLongAsTheSecretStays() {
        Address address = shared(TestKeys.SECRET).addressOf("alice");

        assertThat(shared(TestKeys.SECRET).addressOf("alice")).isEqualTo(address);
        assertThat(shared(TestKeys.SECRET).addressOf("bob")).isNotEqualTo(address);
        assertThat(shared(TestKeys.OTHER_SECRET).addressOf("alice")).isNotEqualTo(address);
        assertThat(address.uuid().version()).isEqualTo(8);
        assertThat(address.uuid().variant()).isEqualTo(2);
    }

    @Test
    void identityLeadsToTheSameAddressWithAPrivateKeyToo() {
        KeySource.SigningKey key = key(SignatureAlgorithm.ES256);

        Address address = new SignedTokens(TokenSettings.withDefaults(key), clock).addressOf("alice");

        assertThat(new SignedTokens(TokenSettings.withDefaults(key), clock).addressOf("alice"))
                .isEqualTo(address);
        assertThat(new SignedTokens(TokenSettings.withDefaults(key(SignatureAlgorithm.ES256)), clock)
                        .addressOf("alice"))
                .isNotEqualTo(address);
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "HS256")
    void publishesThePublicHalfUnderItsThumbprint(SignatureAlgorithm algorithm) throws Exception {
        KeyPair pair = TestKeys.pair(algorithm);
        SignedTokens tokens = new SignedTokens(
                TokenSettings.withDefaults(
                        new KeySource.PrivateKeyFile(algorithm, TestKeys.privateKeyFile(folder, pair))),
                clock);

        JWK published = JWKSet.parse(tokens.publicKeys()).getKeys().getFirst();

        assertThat(published.isPrivate()).isFalse();
        assertThat(Jwks.publicKey(published))
                .hasValueSatisfying(key ->
                        assertThat(key.getEncoded()).isEqualTo(pair.getPublic().getEncoded()));
        assertThat(published.getKeyID()).isEqualTo(published.computeThumbprint().toString());
        assertThat(SignedJWT.parse(tokens.issue(Address.random()).token())
                        .getHeader()
                        .getKeyID())
                .isEqualTo(published.getKeyID());
        assertThat(tokens.publicKeys()).doesNotContain("\"d\"");
    }

    @Test
    void publishesNothingOfASharedSecret() {
        assertThat(shared(TestKeys.SECRET).publicKeys()).isEqualTo("{\"keys\":[]}");
    }

    @Test
    void publicHalfIsFoundForEveryCurveSign() throws Exception {
        for (int i = 0; i < 20; i++) { // y is even for half of the keys
            KeyPair pair = TestKeys.pair(SignatureAlgorithm.ES256);

            assertThat(PublicHalf.of(pair.getPrivate()).getEncoded())
                    .isEqualTo(pair.getPublic().getEncoded());
        }
    }

    @Test
    void unusableKeysStopTheStartWithASentence() {
        refused(TestKeys.write(folder.resolve("empty"), ""), SignatureAlgorithm.RS256, "holds no PEM block");
        refused(folder.resolve("absent"), SignatureAlgorithm.RS256, "cannot be read");
        refused(
                TestKeys.write(folder.resolve("pkcs1"), TestKeys.pem("RSA PRIVATE KEY", new byte[] {1})),
                SignatureAlgorithm.RS256,
                "holds a 'RSA PRIVATE KEY'; it must hold a 'PRIVATE KEY', which openssl pkcs8 -topk8");
        refused(
                TestKeys.write(folder.resolve("cut"), TestKeys.pem("PRIVATE KEY", new byte[] {0x30, 0x20, 1})),
                SignatureAlgorithm.ES256,
                "holds no key for auth.algorithm ES256");
        refused(TestKeys.privateKeyFile(folder, TestKeys.rsa(1024)), SignatureAlgorithm.RS256, "1024 bits");
        refused(TestKeys.privateKeyFile(folder, TestKeys.ec("secp384r1")), SignatureAlgorithm.ES256, "P-256");
        refused(
                TestKeys.privateKeyFile(folder, TestKeys.pair(SignatureAlgorithm.EDDSA)),
                SignatureAlgorithm.RS256,
                "holds no key for auth.algorithm RS256");
    }

    @Test
    void lifetimeIsTheOneThatWasSet() {
        SignedTokens tokens =
                new SignedTokens(new TokenSettings(TestKeys.shared(TestKeys.SECRET), Duration.ofSeconds(90)), clock);

        assertThat(tokens.issue(Address.random()).expiresAtSeconds())
                .isEqualTo(clock.instant().getEpochSecond() + 90);
    }

    private SignedTokens shared(String secret) {
        return new SignedTokens(TokenSettings.withDefaults(TestKeys.shared(secret)), clock);
    }

    private KeySource.SigningKey key(SignatureAlgorithm algorithm) {
        return algorithm == SignatureAlgorithm.HS256
                ? TestKeys.shared(TestKeys.SECRET)
                : new KeySource.PrivateKeyFile(algorithm, TestKeys.privateKeyFile(folder, TestKeys.pair(algorithm)));
    }

    private void refused(Path file, SignatureAlgorithm algorithm, String sentence) {
        assertThatThrownBy(() -> new SignedTokens(
                        TokenSettings.withDefaults(new KeySource.PrivateKeyFile(algorithm, file)), clock))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("auth.private-key: " + file)
                .hasMessageContaining(sentence);
    }
}
