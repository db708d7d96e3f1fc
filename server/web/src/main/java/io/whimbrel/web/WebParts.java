package io.whimbrel.web;

import io.micrometer.core.instrument.MeterRegistry;
import io.whimbrel.auth.Authenticator;
import io.whimbrel.auth.Revocations;
import io.whimbrel.auth.TokenIssuer;
import io.whimbrel.auth.TokenVerifier;
import io.whimbrel.broker.Broker;
import io.whimbrel.ops.Spans;
import io.whimbrel.ops.TlsFiles;
import io.whimbrel.ops.TrustedProxies;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What the web server is built from. It owns none of it: who made these closes them, after the server has stopped.
 *
 * @param verifier needs to know nothing of revocations
 * @param revocations none yet: the server hears them from the broker; the issuer knows them
 * @param jwks the public keys by which others verify our tokens, a JSON Web Key Set (RFC 7517 §5); asked per request
 * @param gatewayPort told to the page when no URL of the gateway is set
 * @param tls null where the server speaks plain HTTP
 * @param proxies whose word about a client's address counts
 * @param spans takes those of publications
 */
public record WebParts(
        TokenVerifier verifier,
        Revocations revocations,
        TokenIssuer issuer,
        Authenticator authenticator,
        Broker broker,
        Supplier<String> jwks,
        int gatewayPort,
        MeterRegistry metrics,
        @Nullable TlsFiles tls,
        TrustedProxies proxies,
        Spans spans) {}
