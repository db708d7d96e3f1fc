package io.whimbrel.ops.otlp;

import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.util.Collection;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.IntConsumer;
import java.util.logging.Level;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Counts what became of spans, and says once that the receiver is away and once that it is back. Safe for any thread. */
final class CountedExporter implements SpanExporter {
    private static final Logger log = LoggerFactory.getLogger(CountedExporter.class);

    /** The library's own log goes past ours, and says the same again and again. Held, since the JDK forgets loggers. */
    private static final java.util.logging.Logger THEIRS = java.util.logging.Logger.getLogger("io.opentelemetry");

    static {
        THEIRS.setLevel(Level.OFF);
    }

    final LongAdder sent = new LongAdder();
    final LongAdder failed = new LongAdder();
    private final SpanExporter exporter;
    private final IntConsumer onDone;
    private final AtomicBoolean away = new AtomicBoolean();

    /** @param onDone hears how many spans are not held any more */
    CountedExporter(SpanExporter exporter, IntConsumer onDone) {
        this.exporter = exporter;
        this.onDone = onDone;
    }

    @Override
    public CompletableResultCode export(Collection<SpanData> spans) {
        int count = spans.size(); // the collection is used again
        CompletableResultCode result;
        try {
            result = exporter.export(spans);
        } catch (RuntimeException e) {
            result = CompletableResultCode.ofExceptionalFailure(e);
        }
        CompletableResultCode told = result;
        return told.whenComplete(() -> onResult(told, count));
    }

    private void onResult(CompletableResultCode result, int count) {
        onDone.accept(count);
        if (result.isSuccess()) {
            sent.add(count);
            if (away.compareAndSet(true, false)) {
                log.info("Spans reach otlp.endpoint again");
            }
        } else {
            failed.add(count);
            if (away.compareAndSet(false, true)) {
                log.warn("Spans do not reach otlp.endpoint and are lost: {}", reason(result.getFailureThrowable()));
            }
        }
    }

    /** What the library wraps; it keeps the status of an answer to itself. */
    private static String reason(@Nullable Throwable failure) {
        Throwable cause = failure == null ? null : failure.getCause();
        return cause == null ? "it refuses them" : cause.toString();
    }

    @Override
    public CompletableResultCode flush() {
        return exporter.flush();
    }

    @Override
    public CompletableResultCode shutdown() {
        return exporter.shutdown();
    }
}
