package io.whimbrel.web;

import io.vertx.core.http.HttpHeaders;
import io.whimbrel.auth.Addresses;
import io.whimbrel.auth.Revocations;
import io.whimbrel.auth.TokenVerdict.Expired;
import io.whimbrel.auth.TokenVerdict.Invalid;
import io.whimbrel.auth.TokenVerdict.Revoked;
import io.whimbrel.auth.TokenVerdict.Unavailable;
import io.whimbrel.auth.TokenVerdict.Valid;
import io.whimbrel.auth.TokenVerifier;
import io.whimbrel.broker.BrokerUnavailableException;
import io.whimbrel.broker.NoticesFullException;
import io.whimbrel.broker.RevocationNotices;
import io.whimbrel.model.Address;
import io.whimbrel.model.ClientError;
import io.whimbrel.model.Revocation;
import io.whimbrel.model.Revocation.OfAddress;
import io.whimbrel.model.Revocation.OfToken;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code POST /revoke}: a token, or all tokens of an address up to now, count no more. For backends. Answers when the broker has
 * told it to all nodes. Safe for any thread.
 */
final class RevokeEndpoint implements Endpoint {
    private static final Logger log = LoggerFactory.getLogger(RevokeEndpoint.class);

    /** A token of the original system has no end, and some end there must be. */
    static final Duration FOREIGN_TIME = Duration.ofDays(30);

    /** Beyond a token's lifetime: for so long a web server that heard nothing may go on renewing tokens. */
    static final Duration RENEWAL_MARGIN = Duration.ofHours(1);

    private static final String EXPIRED = "{\"status\":true,\"expired\":true}";
    private static final String REVOKED_BEFORE = "{\"status\":true,\"revoked\":true}";

    private final TokenVerifier verifier;
    private final Senders senders;
    private final Revocations known;
    private final RevocationNotices notices;
    private final Duration lifetime;
    private final int maxBodyBytes;
    private final long timeoutMillis;
    private final InstantSource clock;

    RevokeEndpoint(WebSettings settings, WebParts parts, TokenVerifier verifier, Senders senders, InstantSource clock) {
        this.verifier = verifier;
        this.senders = senders;
        this.known = parts.revocations();
        this.notices = new RevocationNotices(parts.broker().notices());
        this.lifetime = parts.issuer().lifetime();
        this.maxBodyBytes = settings.maxBodyBytes();
        this.timeoutMillis = settings.publishTimeout().toMillis();
        this.clock = clock;
    }

    @Override
    public void serve(Exchange exchange) {
        exchange.response().putHeader(HttpHeaders.CACHE_CONTROL, Exchange.NO_STORE);
        senders.requireBackend(exchange);
        BodyReader.read(exchange, maxBodyBytes, body -> revoke(exchange, RevokeRequest.read(body)));
    }

    private void revoke(Exchange exchange, RevokeRequest request) {
        String token = request.token();
        if (token == null) {
            Address address = Address.parse(String.valueOf(request.uuid()))
                    .orElseThrow(() -> new Refusal(Problem.of(ClientError.INVALID_TOKEN, "uuid is not an address")));
            Duration ours = lifetime.plus(RENEWAL_MARGIN);
            post(
                    exchange,
                    ofAddress(
                            address, ours.compareTo(FOREIGN_TIME) > 0 ? ours : FOREIGN_TIME)); // backends sign as well
        } else if (request.foreign()) {
            // It may have several spellings, but has only one address, which is nobody else's.
            post(exchange, ofAddress(Addresses.ofForeignToken(token), FOREIGN_TIME));
        } else {
            exchange.await(verifier.verify(token), verdict -> {
                switch (verdict) {
                    case Valid valid -> post(exchange, ofToken(valid));
                    case Expired _ -> exchange.answerJson(EXPIRED);
                    case Revoked _ -> exchange.answerJson(REVOKED_BEFORE);
                    case Invalid _ ->
                        throw new Refusal(
                                Problem.of(ClientError.INVALID_TOKEN, "token holds none that this server issued"));
                    case Unavailable _ ->
                        throw new Refusal(Problem.unavailable("Tokens cannot be verified at the moment"));
                }
            });
        }
    }

    private Revocation ofToken(Valid token) {
        long untilSeconds = token.expiresAtSeconds() == Valid.NEVER
                ? nowSeconds() + FOREIGN_TIME.toSeconds()
                : token.expiresAtSeconds();
        return new OfToken(token.address(), token.fingerprint(), untilSeconds);
    }

    /** Not less than what was said of it before. */
    private Revocation ofAddress(Address address, Duration time) {
        long now = nowSeconds();
        long until = now + time.toSeconds();
        Optional<OfAddress> before = known.of(address);
        return new OfAddress(
                address,
                Math.max(now, before.map(OfAddress::atSeconds).orElse(0L)),
                Math.max(until, before.map(OfAddress::untilSeconds).orElse(0L)));
    }

    private void post(Exchange exchange, Revocation revocation) {
        exchange.await(
                notices.post(revocation),
                timeoutMillis,
                _ -> {
                    known.add(revocation); // whoever hears this answer and asks here is refused already
                    log.info("{} was revoked", what(revocation));
                    exchange.answerJson("{\"status\":true,\"uuid\":\"" + revocation.address() + "\",\"until\":"
                            + revocation.untilSeconds() + '}');
                },
                failure -> {
                    Throwable cause = failure instanceof CompletionException && failure.getCause() != null
                            ? failure.getCause()
                            : failure;
                    switch (cause) {
                        case BrokerUnavailableException _, TimeoutException _ ->
                            exchange.refuse(Problem.unavailable(
                                    "Not all servers may have heard of it, since the broker does not answer:"
                                            + " try again"));
                        case NoticesFullException _ ->
                            exchange.refuse(Problem.unavailable("As many revocations as there may be are in force"));
                        default -> exchange.fail(cause);
                    }
                });
    }

    private static String what(Revocation revocation) {
        return switch (revocation) {
            case OfAddress all -> "Every token of " + all.address();
            case OfToken one -> "A token of " + one.address();
        };
    }

    private long nowSeconds() {
        return clock.instant().getEpochSecond();
    }
}
