/**
 * Carries publications between nodes. Start with {@link io.whimbrel.broker.Broker}, the contract; {@code memory} is its
 * executable specification for one process, {@code redis} the one for many.
 */
@NullMarked
package io.whimbrel.broker;

import org.jspecify.annotations.NullMarked;
