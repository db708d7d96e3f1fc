/** What an operator asks a running service: {@link io.whimbrel.ops.Health} and metrics, served by {@code AdminServer}. */
@NullMarked
package io.whimbrel.ops;

import org.jspecify.annotations.NullMarked;
