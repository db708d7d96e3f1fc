package io.whimbrel.web;

import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Which pages of other origins may read our answers (Fetch §3.3). Safe for any thread. */
final class Cors {
    static final String ANY = "*";

    private static final CharSequence METHODS = HttpHeaders.createOptimized("GET, POST, OPTIONS");
    private static final CharSequence REQUEST_HEADERS =
            HttpHeaders.createOptimized("Content-Type, Authorization, X-API-Key, Idempotency-Key, traceparent");
    private static final CharSequence EXPOSED_HEADERS =
            HttpHeaders.createOptimized("Retry-After, Idempotency-Replayed");
    /** A day; browsers keep it for less. */
    private static final CharSequence MAX_AGE_SECONDS = HttpHeaders.createOptimized("86400");

    private final boolean any;
    private final Set<String> origins;

    Cors(List<String> origins) {
        this.any = origins.contains(ANY);
        this.origins = Set.copyOf(origins);
    }

    /** For every answer, errors included: a page must be able to read what went wrong. */
    void mark(HttpServerResponse response, @Nullable String origin) {
        if (any) {
            response.putHeader(HttpHeaders.ACCESS_CONTROL_ALLOW_ORIGIN, ANY);
        } else {
            response.putHeader(HttpHeaders.VARY, HttpHeaders.ORIGIN);
            if (origin == null || !origins.contains(origin)) {
                return;
            }
            response.putHeader(HttpHeaders.ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        }
        response.putHeader(HttpHeaders.ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED_HEADERS);
    }

    /** For the answer to the question a browser asks before it sends a request of another origin. */
    void markPreflight(HttpServerResponse response) {
        response.putHeader(HttpHeaders.ACCESS_CONTROL_ALLOW_METHODS, METHODS)
                .putHeader(HttpHeaders.ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS)
                .putHeader(HttpHeaders.ACCESS_CONTROL_MAX_AGE, MAX_AGE_SECONDS);
    }
}
