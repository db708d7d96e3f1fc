/** Benchmarks of the broker on Redis, in its own package since its classes are package-private. */
@NullMarked
package io.whimbrel.broker.redis;

import org.jspecify.annotations.NullMarked;
