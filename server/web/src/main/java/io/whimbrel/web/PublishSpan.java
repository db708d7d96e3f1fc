package io.whimbrel.web;

import io.whimbrel.broker.Published;
import io.whimbrel.model.ClientError;
import io.whimbrel.model.Publication;
import io.whimbrel.ops.Span;

/** The span of one publication, from when its sender is known until the answer. Called only on the request's event loop. */
final class PublishSpan {
    static final String NAME = "publish";

    private static final int FIRST_OF_OURS = 500;

    private final Span span;

    PublishSpan(Span span, Publication publication) {
        this.span = span;
        span.tell("messaging.system", "whimbrel");
        span.tell("messaging.operation.name", NAME);
        span.tell("messaging.operation.type", "send");
        span.tell("messaging.destination.name", publication.topic().name());
        span.tell("messaging.message.id", publication.id());
        span.tell("messaging.message.body.size", publication.payload().length);
    }

    /** The broker has it. */
    void onPublished(Published published) {
        span.tell("whimbrel.online", published.nodes() > 0);
        span.tell("whimbrel.stored", published.isStored());
    }

    /** It was published before, under this id. */
    void onReplayed(String id) {
        span.tell("whimbrel.replayed", true);
        span.tell("messaging.message.id", id);
    }

    /** A mistake of the client does not make the span a failed one. */
    void onRefused(ClientError error) {
        span.tell("error.type", error.type());
        if (error.status() >= FIRST_OF_OURS) {
            span.fail(error.title());
        }
    }

    void onAnswered(int status) {
        span.tell("http.response.status_code", status);
        span.end();
    }
}
