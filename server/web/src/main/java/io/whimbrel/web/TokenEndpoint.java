package io.whimbrel.web;

import io.vertx.core.http.HttpHeaders;
import io.whimbrel.auth.Authenticator;
import io.whimbrel.auth.Authenticator.Decision;
import io.whimbrel.auth.Authenticator.Decision.Denied;
import io.whimbrel.auth.Authenticator.Decision.Granted;
import io.whimbrel.auth.IssuedToken;
import io.whimbrel.auth.TokenIssuer;
import io.whimbrel.auth.TokenVerdict.Expired;
import io.whimbrel.auth.TokenVerdict.Invalid;
import io.whimbrel.auth.TokenVerdict.Unavailable;
import io.whimbrel.auth.TokenVerdict.Valid;
import io.whimbrel.auth.TokenVerifier;
import io.whimbrel.model.Address;
import io.whimbrel.model.Topic;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * {@code GET /token}: a token for whom the {@link Authenticator} admits, or a new one for the address and the topics of a
 * valid one. The header {@code Authorization: Bearer} may hold a token of ours or of an identity provider: ours is tried first. Safe for
 * any thread.
 */
final class TokenEndpoint implements Endpoint {
    private final TokenVerifier verifier;
    private final Authenticator authenticator;
    private final TokenIssuer issuer;
    private final WebMetrics metrics;

    TokenEndpoint(TokenVerifier verifier, Authenticator authenticator, TokenIssuer issuer, WebMetrics metrics) {
        this.verifier = verifier;
        this.authenticator = authenticator;
        this.issuer = issuer;
        this.metrics = metrics;
    }

    @Override
    public void serve(Exchange exchange) {
        exchange.response().putHeader(HttpHeaders.CACHE_CONTROL, Exchange.NO_STORE);
        String bearer = exchange.bearer();
        if (bearer == null) {
            authenticate(exchange);
        } else {
            renewOrAuthenticate(exchange, bearer);
        }
    }

    private void renewOrAuthenticate(Exchange exchange, String bearer) {
        exchange.await(verifier.verify(bearer), verdict -> {
            switch (verdict) {
                case Valid valid -> {
                    metrics.tokensRenewed.increment();
                    answer(exchange, issuer.issue(valid.address(), valid.topics()));
                }
                case Expired _, Invalid _ -> authenticate(exchange);
                case Unavailable _ -> throw new Refusal(Problem.unavailable("Tokens cannot be verified at the moment"));
            }
        });
    }

    private void authenticate(Exchange exchange) {
        @Nullable String authorization = exchange.header(HttpHeaders.AUTHORIZATION);
        exchange.await(
                authenticator.decide(Optional.ofNullable(authorization)), decision -> onDecision(exchange, decision));
    }

    private void onDecision(Exchange exchange, Decision decision) {
        switch (decision) {
            case Granted(Optional<String> identity, List<Topic> topics) -> {
                Address address = identity.map(issuer::addressOf).orElseGet(Address::random);
                metrics.tokensIssued.increment();
                answer(exchange, issuer.issue(address, topics));
            }
            case Denied(String challenge) ->
                throw new Refusal(Problem.denied("Only those this server knows get a token", challenge));
            case Decision.Unavailable _ ->
                throw new Refusal(Problem.unavailable("Nobody can be authenticated at the moment"));
        }
    }

    private static void answer(Exchange exchange, IssuedToken issued) {
        exchange.answerJson("{\"token\":" + JsonText.quote(issued.token()) + ",\"uuid\":\"" + issued.address()
                + "\",\"expires_at\":" + issued.expiresAtSeconds() + '}');
    }
}
