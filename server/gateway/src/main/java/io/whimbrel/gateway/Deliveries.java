package io.whimbrel.gateway;

import io.netty.util.concurrent.EventExecutor;
import io.whimbrel.model.Publication;
import io.whimbrel.model.TraceParent;
import io.whimbrel.model.Tracking;
import io.whimbrel.ops.Span;
import io.whimbrel.ops.Spans;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The publications under way on this gateway whose way is recorded in a trace. What others cost is a look at
 * {@link Publication#tracking}. How many there may be is the limit of {@link Spans}. Safe for any thread.
 */
final class Deliveries {
    static final String SPAN = "deliver";

    /** A client that does not read, or has gone, is not waited for any longer. */
    static final long LONGEST_MILLIS = 10_000;

    private static final long LOOK_EVERY_MILLIS = 1_000;

    private final Spans spans;
    private final EventExecutor executor;
    private final LongSupplier clockMillis;
    private final Map<String, Delivery> known = new ConcurrentHashMap<>();
    private final AtomicBoolean watched = new AtomicBoolean();

    /** @param clockMillis monotonic */
    Deliveries(Spans spans, EventExecutor executor, LongSupplier clockMillis) {
        this.spans = spans;
        this.executor = executor;
        this.clockMillis = clockMillis;
    }

    /** A publication has arrived, for these loops. */
    void begin(Publication publication, Loop[] loops) {
        Tracking tracking = publication.tracking();
        if (tracking == null || tracking.traceParent() == null || known.containsKey(publication.id())) {
            return;
        }
        Optional<TraceParent> parent = TraceParent.parse(tracking.traceParent());
        Span span = parent.isEmpty() ? null : spans.begin(SPAN, Spans.Kind.CONSUMER, parent.get());
        if (span == null) {
            return;
        }
        describe(publication, span);
        Delivery delivery = new Delivery(this, publication.id(), span, loops, clockMillis.getAsLong() + LONGEST_MILLIS);
        if (loops.length == 0) {
            delivery.end();
        } else {
            known.put(publication.id(), delivery);
            watch();
        }
    }

    private static void describe(Publication publication, Span span) {
        span.tell("messaging.system", "whimbrel");
        span.tell("messaging.operation.name", SPAN);
        span.tell("messaging.operation.type", "process");
        span.tell("messaging.destination.name", publication.topic().name());
        span.tell("messaging.message.id", publication.id());
        span.tell("messaging.message.body.size", publication.payload().length);
    }

    /** Null for nearly all. */
    @Nullable
    Delivery of(Publication publication) {
        Tracking tracking = publication.tracking();
        return tracking == null || tracking.traceParent() == null ? null : known.get(publication.id());
    }

    void forget(String id) {
        known.remove(id);
    }

    private void watch() {
        if (watched.compareAndSet(false, true)) {
            var _ = executor.schedule(this::endOld, LOOK_EVERY_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    private void endOld() {
        watched.set(false); // before looking: whoever begins from now on has it watched
        long now = clockMillis.getAsLong();
        known.values().stream().filter(delivery -> delivery.endsAtMillis <= now).forEach(Delivery::end);
        if (!known.isEmpty()) {
            watch();
        }
    }

    /** The gateway stops. */
    void endAll() {
        List.copyOf(known.values()).forEach(Delivery::end);
    }
}
