package io.whimbrel.web;

import io.vertx.core.http.HttpHeaders;
import io.whimbrel.model.TraceParent;
import org.jspecify.annotations.Nullable;

/** The request header {@code traceparent} (W3C Trace Context §3.2). One that is none is ignored: it is no reason to refuse. */
final class TraceParentHeader {
    private static final CharSequence NAME = HttpHeaders.createOptimized("traceparent");

    private TraceParentHeader() {}

    /** Null where there is none, or several. */
    static @Nullable TraceParent of(Exchange exchange) {
        String header = exchange.header(NAME);
        if (header == null || exchange.request().headers().getAll(NAME).size() > 1) {
            return null;
        }
        return TraceParent.parse(header).orElse(null);
    }
}
