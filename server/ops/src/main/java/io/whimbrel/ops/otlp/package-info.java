/** Spans for a collector of OpenTelemetry: {@link io.whimbrel.ops.otlp.OtlpSpans}. Nothing else knows that library. */
@NullMarked
package io.whimbrel.ops.otlp;

import org.jspecify.annotations.NullMarked;
