package io.whimbrel.ops;

import io.whimbrel.model.TraceParent;
import org.jspecify.annotations.Nullable;

/**
 * Takes the spans of a service: what it did for one message, from when to when, as a part of somebody's trace. Safe for any
 * thread; nothing here waits.
 */
public interface Spans {
    /** Nobody wants any. */
    Spans NONE = (_, _, _) -> null;

    /** What a span is in the eyes of OpenTelemetry. */
    enum Kind {
        /** Gives a message to what carries it. */
        PRODUCER,
        /** Has it from there. */
        CONSUMER
    }

    /**
     * Begins a span. Null where it is not to be recorded, since its trace is not, or there are too many; what came is then
     * carried on as it came.
     *
     * @param parent null for the first span of a trace
     */
    @Nullable
    Span begin(String name, Kind kind, @Nullable TraceParent parent);
}
