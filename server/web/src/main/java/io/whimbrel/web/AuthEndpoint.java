package io.whimbrel.web;

import io.vertx.core.http.HttpHeaders;
import io.whimbrel.auth.TokenVerdict;
import io.whimbrel.auth.TokenVerdict.Expired;
import io.whimbrel.auth.TokenVerdict.Invalid;
import io.whimbrel.auth.TokenVerdict.Revoked;
import io.whimbrel.auth.TokenVerdict.Unavailable;
import io.whimbrel.auth.TokenVerdict.Valid;
import io.whimbrel.auth.TokenVerifier;
import io.whimbrel.model.Revocation;
import io.whimbrel.model.Topic;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * {@code GET /auth/{token}}: whose token this is, for gateways. Always 200, whatever stands in the path; only where the
 * answer is not known at all the status is 503, since a "no" would send clients away for good. Safe for any thread.
 */
final class AuthEndpoint implements Endpoint {
    static final String PREFIX = "/auth/";

    private static final String INVALID = "{\"auth\":false}";
    private static final String REVOKED = "{\"auth\":false,\"revoked\":true}";
    private static final String EXPIRED = "{\"auth\":false,\"expired\":true}";

    private final TokenVerifier verifier;
    private final WebMetrics metrics;

    AuthEndpoint(TokenVerifier verifier, WebMetrics metrics) {
        this.verifier = verifier;
        this.metrics = metrics;
    }

    @Override
    public void serve(Exchange exchange) {
        exchange.response().putHeader(HttpHeaders.CACHE_CONTROL, Exchange.NO_STORE);
        Optional<String> token = PercentCoding.decodePath(exchange.path().substring(PREFIX.length()));
        if (token.isEmpty()) {
            answer(exchange, new Invalid());
        } else {
            exchange.await(verifier.verify(token.get()), verdict -> answer(exchange, verdict));
        }
    }

    private void answer(Exchange exchange, TokenVerdict verdict) {
        switch (verdict) {
            case Valid valid -> {
                metrics.authValid.increment();
                exchange.answerJson(json(valid));
            }
            case Expired _ -> {
                metrics.authExpired.increment();
                exchange.answerJson(EXPIRED);
            }
            case Revoked _ -> {
                metrics.authRevoked.increment();
                exchange.answerJson(REVOKED);
            }
            case Invalid _ -> {
                metrics.authInvalid.increment();
                exchange.answerJson(INVALID);
            }
            case Unavailable _ -> {
                metrics.authUnavailable.increment();
                throw new Refusal(Problem.unavailable("The token cannot be verified at the moment"));
            }
        }
    }

    private static String json(Valid valid) {
        StringBuilder json = new StringBuilder(96);
        json.append("{\"auth\":true,\"uuid\":\"").append(valid.address()).append('"');
        if (valid.expiresAtSeconds() != Valid.NEVER) {
            json.append(",\"expires_at\":").append(valid.expiresAtSeconds());
        }
        if (valid.sinceSeconds() != Revocation.UNKNOWN) {
            json.append(",\"issued_at\":").append(valid.sinceSeconds());
        }
        if (!valid.topics().isEmpty()) {
            json.append(valid.topics().stream()
                    .map(Topic::name)
                    .map(JsonText::quote)
                    .collect(Collectors.joining(",", ",\"topics\":[", "]")));
        }
        return json.append('}').toString();
    }
}
