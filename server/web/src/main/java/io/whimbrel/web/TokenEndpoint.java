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
import io.whimbrel.auth.TokenVerdict.Revoked;
import io.whimbrel.auth.TokenVerdict.Unavailable;
import io.whimbrel.auth.TokenVerdict.Valid;
import io.whimbrel.auth.TokenVerifier;
import io.whimbrel.model.Address;
import io.whimbrel.model.Topic;
import io.whimbrel.ops.Source;
import io.whimbrel.ops.TrustedProxies;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * {@code GET /token}: a token for whom the {@link Authenticator} admits, or a new one for the address and the topics of a
 * valid one. The header {@code Authorization: Bearer} may hold a token of ours or of an identity provider: ours is tried
 * first. A rate per source is looked at before anything else, so that it slows down who guesses passwords too. Safe for
 * any thread.
 */
final class TokenEndpoint implements Endpoint {
    private static final String FORWARDED_FOR = "X-Forwarded-For";
    private static final long NANOS_PER_SECOND = TimeUnit.SECONDS.toNanos(1);

    private final TokenVerifier verifier;
    private final Authenticator authenticator;
    private final TokenIssuer issuer;
    private final TrustedProxies proxies;
    private final @Nullable Rates<Source> rates;
    private final WebMetrics metrics;

    /** @param rates null where there is no limit */
    TokenEndpoint(WebParts parts, TokenVerifier verifier, @Nullable Rates<Source> rates, WebMetrics metrics) {
        this.verifier = verifier;
        this.authenticator = parts.authenticator();
        this.issuer = parts.issuer();
        this.proxies = parts.proxies();
        this.rates = rates;
        this.metrics = metrics;
    }

    @Override
    public void serve(Exchange exchange) {
        exchange.response().putHeader(HttpHeaders.CACHE_CONTROL, Exchange.NO_STORE);
        if (rates != null) {
            requirePace(exchange, rates);
        }
        String bearer = exchange.bearer();
        if (bearer == null) {
            authenticate(exchange);
        } else {
            renewOrAuthenticate(exchange, bearer);
        }
    }

    private void requirePace(Exchange exchange, Rates<Source> rates) {
        InetAddress client =
                proxies.clientOf(exchange.peer(), exchange.request().headers().getAll(FORWARDED_FOR));
        long waitNanos = rates.take(Source.of(client));
        if (waitNanos > 0) {
            metrics.tokensRateLimited.increment();
            long seconds = Math.max(1, Math.ceilDiv(waitNanos, NANOS_PER_SECOND));
            throw new Refusal(Problem.rateLimited("Ask for tokens more slowly", seconds));
        }
    }

    private void renewOrAuthenticate(Exchange exchange, String bearer) {
        exchange.await(verifier.verify(bearer), verdict -> {
            switch (verdict) {
                case Valid valid -> {
                    metrics.tokensRenewed.increment();
                    answer(exchange, issuer.renew(valid));
                }
                case Expired _, Revoked _, Invalid _ -> authenticate(exchange);
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
