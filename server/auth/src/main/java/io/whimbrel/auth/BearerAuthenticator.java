package io.whimbrel.auth;

import com.nimbusds.jwt.JWTClaimsSet;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Users show a JWT of their identity provider (RFC 6750); its {@code sub} is the identity, its {@code topics} are those
 * of the token they get. Theirs is not one of ours: it only says who may have one. Safe for any thread; never blocks.
 */
public final class BearerAuthenticator implements Authenticator, AutoCloseable {
    private static final String CHALLENGE = "Bearer realm=\"whimbrel\"";
    private static final Decision WRONG = new Decision.Denied(CHALLENGE + ", error=\"invalid_token\"");
    private static final Decision EXPIRED =
            new Decision.Denied(CHALLENGE + ", error=\"invalid_token\", error_description=\"The token has expired\"");

    private static final Decision WRONG_TOPICS = new Decision.Denied(
            CHALLENGE + ", error=\"invalid_token\", error_description=\"The claim topics cannot be used\"");

    private final JwtCheck check;
    private final TopicsClaim topics;

    /** Reads the key's file where there is one; what is wrong with it is an {@link IllegalArgumentException}. */
    public BearerAuthenticator(BearerSettings settings, InstantSource clock) {
        check = new JwtCheck(
                settings.key(), JwtRules.ofProvider(settings.issuer(), settings.audience()), settings.limits(), clock);
        topics = new TopicsClaim(settings.maxTopics());
    }

    @Override
    public CompletionStage<Decision> decide(Optional<String> authorization) {
        return authorization
                .flatMap(header -> AuthorizationHeader.credentials("Bearer", header))
                .map(token -> check.check(token).thenApply(this::decision))
                .orElseGet(() -> CompletableFuture.completedStage(new Decision.Denied(CHALLENGE)));
    }

    @Override
    public void close() {
        check.close();
    }

    private Decision decision(JwtOutcome outcome) {
        return switch (outcome) {
            case JwtOutcome.Genuine(JWTClaimsSet claims) ->
                Optional.ofNullable(claims.getSubject())
                        .filter(subject -> !subject.isEmpty())
                        .map(subject -> granted(subject, claims))
                        .orElse(WRONG);
            case JwtOutcome.Expired() -> EXPIRED;
            case JwtOutcome.Refused() -> WRONG;
            case JwtOutcome.Undecided(String why) -> new Decision.Unavailable(why);
        };
    }

    private Decision granted(String subject, JWTClaimsSet claims) {
        return topics.read(claims.getClaim(TopicsClaim.NAME))
                .<Decision>map(allowed -> new Decision.Granted(Optional.of(subject), allowed))
                .orElse(WRONG_TOPICS);
    }
}
