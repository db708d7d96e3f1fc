package io.whimbrel.auth;

import com.nimbusds.jwt.JWTClaimsSet;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Users show a JWT of their identity provider (RFC 6750); its {@code sub} is the identity. Such a token is not one of
 * ours: it only says who may have one. Safe for any thread; never blocks.
 */
public final class BearerAuthenticator implements Authenticator, AutoCloseable {
    private static final String CHALLENGE = "Bearer realm=\"whimbrel\"";
    private static final Decision WRONG = new Decision.Denied(CHALLENGE + ", error=\"invalid_token\"");
    private static final Decision EXPIRED =
            new Decision.Denied(CHALLENGE + ", error=\"invalid_token\", error_description=\"The token has expired\"");

    private final JwtCheck check;

    /** Reads the key's file where there is one; what is wrong with it is an {@link IllegalArgumentException}. */
    public BearerAuthenticator(BearerSettings settings, InstantSource clock) {
        check = new JwtCheck(
                settings.key(), JwtRules.ofProvider(settings.issuer(), settings.audience()), settings.limits(), clock);
    }

    @Override
    public CompletionStage<Decision> decide(Optional<String> authorization) {
        return authorization
                .flatMap(header -> AuthorizationHeader.credentials("Bearer", header))
                .map(token -> check.check(token).thenApply(BearerAuthenticator::decision))
                .orElseGet(() -> CompletableFuture.completedStage(new Decision.Denied(CHALLENGE)));
    }

    @Override
    public void close() {
        check.close();
    }

    private static Decision decision(JwtOutcome outcome) {
        return switch (outcome) {
            case JwtOutcome.Genuine(JWTClaimsSet claims) ->
                Optional.ofNullable(claims.getSubject())
                        .filter(subject -> !subject.isEmpty())
                        .<Decision>map(subject -> new Decision.Granted(Optional.of(subject)))
                        .orElse(WRONG);
            case JwtOutcome.Expired() -> EXPIRED;
            case JwtOutcome.Refused() -> WRONG;
            case JwtOutcome.Undecided(String why) -> new Decision.Unavailable(why);
        };
    }
}
