package io.whimbrel.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class SettingsTest {
    @Test
    void secretsAreLongEnoughAndNeverShown() {
        refused(() -> signing("HS256", "", ""), "auth.secret has 0 bytes; a secret has at least 32");
        refused(() -> signing("HS256", "x".repeat(31), ""), "auth.secret has 31 bytes");
        refused(
                () -> new KeySource.SharedSecret("auth.secret", TestKeys.SECRET, List.of("short")),
                "auth.previous-secrets has 5 bytes");
        refused(
                () -> new KeySource.SharedSecret(
                        "auth.secret", TestKeys.SECRET, Collections.nCopies(9, TestKeys.OTHER_SECRET)),
                "auth.previous-secrets holds 9 secrets; it may hold 0 to 8");
        assertThat(TokenSettings.withDefaults(TestKeys.shared(TestKeys.SECRET, TestKeys.OTHER_SECRET))
                        .toString())
                .doesNotContain(TestKeys.SECRET)
                .doesNotContain(TestKeys.OTHER_SECRET);
        assertThat(signing("HS256", "é".repeat(16), "")).isInstanceOf(KeySource.SharedSecret.class);
    }

    @Test
    void algorithmIsOneOfFour() {
        assertThat(SignatureAlgorithm.of("EdDSA")).isEqualTo(SignatureAlgorithm.EDDSA);
        assertThat(SignatureAlgorithm.of("rs256")).isEqualTo(SignatureAlgorithm.RS256);
        refused(
                () -> SignatureAlgorithm.of("none"),
                "auth.algorithm is 'none'; it may be one of HS256, RS256, ES256, EdDSA");
        refused(() -> signing("ES256", TestKeys.SECRET, ""), "auth.private-key is not set");
        assertThat(signing("ES256", "", "/key.pem")).isInstanceOf(KeySource.PrivateKeyFile.class);
    }

    @Test
    void verifierHasExactlyOneSourceOfKeys() {
        String url = "https://host/jwks";

        assertThat(KeySource.of("auth", TestKeys.SECRET, List.of(), "", "")).isInstanceOf(KeySource.SharedSecret.class);
        assertThat(KeySource.of("auth", "", List.of(), "/key.pem", "")).isInstanceOf(KeySource.PublicKeyFile.class);
        assertThat(KeySource.of("auth.bearer", "", List.of(), "", url)).isInstanceOf(KeySource.JwksUrl.class);
        refused(
                () -> KeySource.of("auth.bearer", "", List.of(), "", ""),
                "0 of auth.bearer.secret, auth.bearer.public-key and auth.bearer.jwks-url are set; set exactly one");
        refused(() -> KeySource.of("auth", TestKeys.SECRET, List.of(), "", url), "2 of auth.secret");
        refused(() -> KeySource.of("auth.bearer", "short", List.of(), "", ""), "auth.bearer.secret has 5 bytes");
    }

    @Test
    void addressesAreHttpAndHoldNoPassword() {
        for (String url : List.of("", "jwks.json", "ftp://host/", "file:///etc/passwd", "http:///x", "http://a b/")) {
            refused(() -> new KeySource.JwksUrl("auth.jwks-url", url), "auth.jwks-url");
        }
        assertThatThrownBy(() -> new KeySource.JwksUrl("auth.jwks-url", "https://me:hidden@host/"))
                .hasMessageContaining("user name or password")
                .hasMessageNotContaining("hidden");
    }

    @Test
    void webServersAddressHoldsTheTokenOnceBehindItsHost() {
        assertThat(WebServerSettings.withDefaults(WebServerSettings.DEFAULT_URL).maxInFlight())
                .isEqualTo(256);
        for (String url : List.of(
                "http://host/auth/",
                "http://host/{token}/{token}",
                "http://{token}/auth",
                "http://host{token}",
                "http://host/#{token}",
                "https://{token}@host/",
                "/auth/{token}")) {
            refused(() -> WebServerSettings.withDefaults(url), "gateway.auth.url");
        }
    }

    @Test
    void numbersHaveARange() {
        String url = WebServerSettings.DEFAULT_URL;
        Duration second = Duration.ofSeconds(1);

        refused(() -> new WebServerSettings(url, Duration.ZERO, 1, 1, 1, ""), "gateway.auth.timeout is PT0S");
        refused(() -> new WebServerSettings(url, Duration.ofHours(1), 1, 1, 1, ""), "gateway.auth.timeout");
        refused(
                () -> new WebServerSettings(url, second, 0, 1, 1, ""),
                "gateway.auth.max-in-flight is 0; it may be 1 to 10000");
        refused(() -> new WebServerSettings(url, second, 1, -1, 1, ""), "gateway.auth.max-waiting is -1");
        refused(
                () -> new TokenSettings(TestKeys.shared(TestKeys.SECRET), Duration.ZERO),
                "auth.token.lifetime is PT0S; it may be PT1S to");
        refused(
                () -> new WebServerSettings(url, second, 1, 1, 1_001, ""),
                "auth.topics.max is 1001; it may be 0 to 1000");
        refused(
                () -> new BearerSettings(TestKeys.shared(TestKeys.SECRET), "", "", -1, VerificationLimits.DEFAULT),
                "auth.topics.max is -1");
        refused(() -> new LocalVerifier(TestKeys.shared(TestKeys.SECRET), -1, new FakeClock()), "auth.topics.max");
        refused(() -> BasicSettings.withDefaults(""), "auth.users-file is not set");
    }

    @Test
    void anybodyMayHaveATokenWhereItIsOpen() {
        assertThat(Answers.of(new OpenAuthenticator().decide(Optional.of("whatever"))))
                .isEqualTo(new Authenticator.Decision.Granted(Optional.empty()));
    }

    @Test
    void tokensOfTheOriginalSystemLeadToAnAddress() {
        String uuid = "6F1C2B3A-0000-4000-8000-00000000000A";

        assertThat(Addresses.ofForeignToken(uuid)).hasToString(uuid.toLowerCase(Locale.ROOT));
        assertThat(Addresses.ofForeignToken("abc").uuid().version()).isEqualTo(8);
        assertThat(Addresses.ofForeignToken("abc").uuid().variant()).isEqualTo(2);
        assertThat(Addresses.ofForeignToken("abc"))
                .hasToString("ba7816bf-8f01-8fea-9050-5037976b8888") // its SHA-256 begins with ba7816bf8f01cfea
                .isNotEqualTo(Addresses.ofForeignToken("abd"));
    }

    private static KeySource.SigningKey signing(String algorithm, String secret, String privateKey) {
        return KeySource.SigningKey.of(SignatureAlgorithm.of(algorithm), secret, List.of(), privateKey);
    }

    private static void refused(ThrowingCallable making, String sentence) {
        assertThatThrownBy(making).isInstanceOf(IllegalArgumentException.class).hasMessageContaining(sentence);
    }
}
