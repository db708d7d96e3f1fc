package io.whimbrel.launcher;

import io.whimbrel.ops.Spans;
import io.whimbrel.ops.otlp.OtlpSettings;
import io.whimbrel.ops.otlp.OtlpSpans;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What the settings below {@code otlp} describe. Without an endpoint nothing of OpenTelemetry is loaded.
 *
 * @param spans of one service
 * @param open tells under which name the service runs, once it has one
 */
record TraceParts(Spans spans, Consumer<String> open) {
    /** Empty where spans go nowhere. */
    static Optional<OtlpSettings> otlp(Settings settings) {
        double sample = settings.share("otlp.sample");
        int maxSpans = settings.number("otlp.max-spans");
        String endpoint = settings.text("otlp.endpoint");
        return endpoint.isEmpty()
                ? Optional.empty()
                : Optional.of(OtlpSettings.of(endpoint, settings.list("otlp.headers"), sample, maxSpans));
    }

    static TraceParts start(Settings settings, Observability observability, Teardown teardown) {
        Optional<OtlpSettings> otlp = otlp(settings);
        if (otlp.isEmpty()) {
            return new TraceParts(Spans.NONE, _ -> {});
        }
        OtlpSpans spans = new OtlpSpans(otlp.get(), "whimbrel-" + observability.service(), observability.metrics());
        teardown.add(spans);
        return new TraceParts(spans, spans::open);
    }
}
