package io.whimbrel.ops.otlp;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporterBuilder;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import io.whimbrel.model.TraceParent;
import io.whimbrel.ops.Span;
import io.whimbrel.ops.Spans;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Spans for a collector of OpenTelemetry, sent in batches by a thread of its own. One limit holds for those under way and those
 * that wait to be sent, so that a receiver that is away costs spans and never memory or time. Safe for any thread.
 */
public final class OtlpSpans implements Spans, AutoCloseable {
    private static final Duration SEND_AFTER = Duration.ofSeconds(1);
    /** What one sending may take, repetitions included. */
    private static final Duration SEND_TIMEOUT = Duration.ofSeconds(5);
    /** What waits is still sent at the end, for so long. */
    private static final long CLOSE_MILLIS = 500;

    private static final int MOST_AT_ONCE = 512;

    private final OtlpSettings settings;
    private final String service;
    /** Spans that have begun, and of which it is not known yet whether the receiver has them. */
    private final AtomicInteger held = new AtomicInteger();

    private final LongAdder dropped = new LongAdder();
    private final CountedExporter exporter;
    private volatile @Nullable SdkTracerProvider provider;
    private volatile @Nullable Tracer tracer;

    /** @param service {@code whimbrel-web} or {@code whimbrel-gateway} */
    public OtlpSpans(OtlpSettings settings, String service, MeterRegistry registry) {
        this.settings = settings;
        this.service = service;
        OtlpHttpSpanExporterBuilder otlp = OtlpHttpSpanExporter.builder()
                .setEndpoint(settings.endpoint().toString())
                .setTimeout(SEND_TIMEOUT)
                .setConnectTimeout(SEND_TIMEOUT);
        settings.headers().forEach(otlp::addHeader);
        exporter = new CountedExporter(otlp.build(), count -> held.addAndGet(-count));
        count(registry, "sent", exporter.sent);
        count(registry, "failed", exporter.failed);
        count(registry, "dropped", dropped);
        Gauge.builder("whimbrel.spans.held", held, AtomicInteger::get)
                .description("Spans that are under way or wait for the receiver")
                .register(registry);
    }

    private static void count(MeterRegistry registry, String outcome, LongAdder adder) {
        FunctionCounter.builder("whimbrel.spans", adder, LongAdder::sum)
                .description("Spans, by what became of them")
                .tags("outcome", outcome)
                .register(registry);
    }

    /**
     * The service has a name of its own now; before that nothing is recorded.
     *
     * @param instance no other node has it
     */
    public synchronized void open(String instance) {
        Resource resource = Resource.getDefault()
                .merge(Resource.create(Attributes.of(
                        AttributeKey.stringKey("service.name"),
                        service,
                        AttributeKey.stringKey("service.instance.id"),
                        instance)));
        SdkTracerProvider made = SdkTracerProvider.builder()
                .setResource(resource)
                .setSampler(Sampler.alwaysOn()) // what is not sampled is not begun
                .addSpanProcessor(BatchSpanProcessor.builder(exporter)
                        .setMaxQueueSize(settings.maxSpans())
                        .setMaxExportBatchSize(Math.min(settings.maxSpans(), MOST_AT_ONCE))
                        .setScheduleDelay(SEND_AFTER)
                        .build())
                .build();
        provider = made;
        tracer = made.get("io.whimbrel");
    }

    @Override
    public @Nullable Span begin(String name, Kind kind, @Nullable TraceParent parent) {
        Tracer open = tracer;
        if (open == null || !isSampled(parent)) {
            return null;
        }
        if (held.incrementAndGet() > settings.maxSpans()) {
            held.decrementAndGet();
            dropped.increment();
            return null;
        }
        SpanBuilder builder = open.spanBuilder(name)
                .setSpanKind(
                        switch (kind) {
                            case PRODUCER -> SpanKind.PRODUCER;
                            case CONSUMER -> SpanKind.CONSUMER;
                        });
        if (parent == null) {
            builder.setNoParent();
        } else {
            builder.setParent(Context.root().with(io.opentelemetry.api.trace.Span.wrap(remote(parent))));
        }
        return new OtlpSpan(builder.startSpan(), parent == null ? 0 : parent.flags() & TraceParent.RANDOM);
    }

    private boolean isSampled(@Nullable TraceParent parent) {
        return parent == null
                ? settings.sample() > 0 && ThreadLocalRandom.current().nextDouble() < settings.sample()
                : parent.isSampled();
    }

    private static SpanContext remote(TraceParent parent) {
        return SpanContext.createFromRemoteParent(
                parent.traceId(), parent.spanId(), TraceFlags.getSampled(), TraceState.getDefault());
    }

    /** Sends what waits, for half a second at most, and records nothing any more. */
    @Override
    public synchronized void close() {
        tracer = null;
        SdkTracerProvider ended = provider;
        provider = null;
        if (ended == null) {
            exporter.shutdown();
        } else {
            ended.shutdown().join(CLOSE_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    private static final class OtlpSpan implements Span {
        private final io.opentelemetry.api.trace.Span span;
        private final TraceParent context;

        OtlpSpan(io.opentelemetry.api.trace.Span span, int moreFlags) {
            this.span = span;
            SpanContext own = span.getSpanContext();
            context = new TraceParent(own.getTraceId(), own.getSpanId(), TraceParent.SAMPLED | moreFlags);
        }

        @Override
        public TraceParent context() {
            return context;
        }

        @Override
        public void tell(String attribute, String value) {
            span.setAttribute(attribute, value);
        }

        @Override
        public void tell(String attribute, long value) {
            span.setAttribute(attribute, value);
        }

        @Override
        public void tell(String attribute, boolean value) {
            span.setAttribute(attribute, value);
        }

        @Override
        public void fail(String why) {
            span.setStatus(StatusCode.ERROR, why);
        }

        @Override
        public void end() {
            span.end();
        }
    }
}
