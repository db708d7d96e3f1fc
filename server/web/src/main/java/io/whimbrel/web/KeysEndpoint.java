package io.whimbrel.web;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import java.util.function.Supplier;

/** {@code GET /.well-known/jwks.json}: the public keys by which anybody may verify our tokens. Safe for any thread. */
final class KeysEndpoint implements Endpoint {
    static final String PATH = "/.well-known/jwks.json";

    /** A new key is known everywhere within a minute. */
    private static final CharSequence CACHE_CONTROL = HttpHeaders.createOptimized("public, max-age=60");

    private static final CharSequence MEDIA_TYPE = HttpHeaders.createOptimized("application/jwk-set+json");

    private final Supplier<String> jwks;

    KeysEndpoint(Supplier<String> jwks) {
        this.jwks = jwks;
    }

    @Override
    public void serve(Exchange exchange) {
        Buffer keys = Buffer.buffer(jwks.get());
        exchange.response().putHeader(HttpHeaders.CACHE_CONTROL, CACHE_CONTROL);
        exchange.answer(200, MEDIA_TYPE, keys);
    }
}
