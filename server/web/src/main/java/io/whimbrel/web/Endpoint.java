package io.whimbrel.web;

/** What stands behind one path. Called on the request's event loop; must not block. */
@FunctionalInterface
interface Endpoint {
    /** Answers now or later. May throw a {@link Refusal}. */
    void serve(Exchange exchange);
}
