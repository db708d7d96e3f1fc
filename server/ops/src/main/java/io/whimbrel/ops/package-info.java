/**
 * What an operator asks a running service: {@link io.whimbrel.ops.Health} and metrics, served by {@code AdminServer}. And what
 * it tells without being asked, for traces: {@link io.whimbrel.ops.Spans}, of which {@code otlp} is an implementation.
 */
@NullMarked
package io.whimbrel.ops;

import org.jspecify.annotations.NullMarked;
