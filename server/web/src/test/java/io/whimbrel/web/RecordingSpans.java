package io.whimbrel.web;

import static java.util.Objects.requireNonNull;

import io.whimbrel.model.TraceParent;
import io.whimbrel.ops.Span;
import io.whimbrel.ops.Spans;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Keeps the spans of traces that are sampled, and of messages without a trace where the test wants them. */
final class RecordingSpans implements Spans {
    static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
    static final TraceParent PARENT = new TraceParent(TRACE, "00f067aa0ba902b7", TraceParent.SAMPLED);

    final List<Recorded> spans = new CopyOnWriteArrayList<>();
    volatile boolean all;

    @Override
    public @Nullable Span begin(String name, Kind kind, @Nullable TraceParent parent) {
        if (parent == null ? !all : !parent.isSampled()) {
            return null;
        }
        String spanId = "%016x".formatted(spans.size() + 1);
        Recorded span =
                new Recorded(name, kind, parent, new TraceParent(parent == null ? TRACE : parent.traceId(), spanId, 1));
        spans.add(span);
        return span;
    }

    Recorded only() {
        if (spans.size() != 1) {
            throw new AssertionError(spans.size() + " spans");
        }
        return spans.getFirst();
    }

    static final class Recorded implements Span {
        final String name;
        final Kind kind;
        final @Nullable TraceParent parent;
        private final TraceParent context;
        final Map<String, Object> attributes = new ConcurrentHashMap<>();
        final AtomicInteger ends = new AtomicInteger();

        @Nullable
        volatile String failure;

        Recorded(String name, Kind kind, @Nullable TraceParent parent, TraceParent context) {
            this.name = name;
            this.kind = kind;
            this.parent = parent;
            this.context = context;
        }

        @Override
        public TraceParent context() {
            return context;
        }

        @Override
        public void tell(String attribute, String value) {
            attributes.put(attribute, value);
        }

        @Override
        public void tell(String attribute, long value) {
            attributes.put(attribute, value);
        }

        @Override
        public void tell(String attribute, boolean value) {
            attributes.put(attribute, value);
        }

        @Override
        public void fail(String why) {
            failure = requireNonNull(why);
        }

        @Override
        public void end() {
            ends.incrementAndGet();
        }
    }
}
