package io.whimbrel.launcher;

import io.whimbrel.auth.Authenticator;
import io.whimbrel.auth.BasicAuthenticator;
import io.whimbrel.auth.BasicSettings;
import io.whimbrel.auth.BearerAuthenticator;
import io.whimbrel.auth.BearerSettings;
import io.whimbrel.auth.KeySource;
import io.whimbrel.auth.LocalVerifier;
import io.whimbrel.auth.OpenAuthenticator;
import io.whimbrel.auth.Revocations;
import io.whimbrel.auth.SignatureAlgorithm;
import io.whimbrel.auth.SignedTokens;
import io.whimbrel.auth.TokenSettings;
import io.whimbrel.auth.VerificationLimits;
import io.whimbrel.auth.WebServerSettings;
import io.whimbrel.auth.WebServerVerifier;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;

/** Makes what the settings below {@code auth} and {@code gateway.auth} describe. */
final class AuthParts {
    private AuthParts() {}

    /** The key that signs tokens and verifies our own. */
    static KeySource.SigningKey signingKey(Settings settings) {
        SignatureAlgorithm algorithm = SignatureAlgorithm.of(settings.text("auth.algorithm"));
        return KeySource.SigningKey.of(
                algorithm,
                algorithm == SignatureAlgorithm.HS256 ? secret(settings) : "",
                settings.list("auth.previous-secrets"),
                settings.text("auth.private-key"));
    }

    static SignedTokens issuer(Settings settings, KeySource.SigningKey key, Revocations revocations) {
        return new SignedTokens(
                new TokenSettings(key, settings.duration("auth.token.lifetime")), revocations, Clock.systemUTC());
    }

    /** What a gateway in local mode verifies with: what is set, else the secret it shares with the web server. */
    static LocalVerifier gatewayVerifier(Settings settings) {
        String publicKey = settings.text("auth.public-key");
        String jwks = settings.text("auth.jwks-url");
        String secret = publicKey.isEmpty() && jwks.isEmpty() ? secret(settings) : settings.text("auth.secret");
        KeySource key = KeySource.of("auth", secret, settings.list("auth.previous-secrets"), publicKey, jwks);
        return gatewayVerifier(settings, key);
    }

    /** A token comes to a gateway once per connection: no use to remember it, unless its check is dear. */
    static LocalVerifier gatewayVerifier(Settings settings, KeySource key) {
        VerificationLimits limits = key instanceof KeySource.SharedSecret
                ? VerificationLimits.DEFAULT.withCachedTokens(0)
                : VerificationLimits.DEFAULT;
        return new LocalVerifier(key, maxTopics(settings), limits, Clock.systemUTC());
    }

    /** A web server's: a client shows the same token with everything it publishes. */
    static LocalVerifier localVerifier(Settings settings, KeySource key) {
        return new LocalVerifier(key, maxTopics(settings), Clock.systemUTC());
    }

    static WebServerVerifier callbackVerifier(Settings settings) {
        return new WebServerVerifier(callbackSettings(settings));
    }

    static WebServerSettings callbackSettings(Settings settings) {
        return new WebServerSettings(
                settings.text("gateway.auth.url"),
                settings.duration("gateway.auth.timeout"),
                settings.number("gateway.auth.max-in-flight"),
                settings.number("gateway.auth.max-waiting"),
                maxTopics(settings),
                settings.text("gateway.auth.trust"));
    }

    /** Checks what is set, without making the secret that is not. */
    static void checkSecrets(Settings settings) {
        SignatureAlgorithm algorithm = SignatureAlgorithm.of(settings.text("auth.algorithm"));
        String secret = settings.text("auth.secret");
        if (algorithm != SignatureAlgorithm.HS256 || !secret.isEmpty()) {
            var key = KeySource.SigningKey.of(
                    algorithm, secret, settings.list("auth.previous-secrets"), settings.text("auth.private-key"));
            issuer(settings, key, new Revocations(Clock.systemUTC()));
        } else {
            settings.duration("auth.token.lifetime");
        }
    }

    static Authenticator authenticator(Settings settings) {
        return switch (settings.oneOf("auth.authenticator", "open", "basic", "bearer")) {
            case "basic" ->
                new BasicAuthenticator(BasicSettings.withDefaults(settings.text("auth.users-file")), Clock.systemUTC());
            case "bearer" -> {
                KeySource key = KeySource.of(
                        "auth.bearer",
                        settings.text("auth.bearer.secret"),
                        List.of(),
                        settings.text("auth.bearer.public-key"),
                        settings.text("auth.bearer.jwks-url"));
                yield new BearerAuthenticator(
                        new BearerSettings(
                                key,
                                settings.text("auth.bearer.issuer"),
                                settings.text("auth.bearer.audience"),
                                maxTopics(settings),
                                VerificationLimits.DEFAULT),
                        Clock.systemUTC());
            }
            default -> new OpenAuthenticator();
        };
    }

    private static int maxTopics(Settings settings) {
        return settings.number("auth.topics.max");
    }

    private static String secret(Settings settings) {
        String set = settings.text("auth.secret");
        Path folder = settings.dataFolder();
        return set.isEmpty() ? new DataFolder(folder).tokenSecret() : set;
    }
}
