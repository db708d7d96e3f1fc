/**
 * The broker for one process, and the executable specification of the contract: what it does in forty lines, the others
 * must do over a network. Start with {@link io.whimbrel.broker.memory.MemoryNetwork}, which nodes join.
 */
@NullMarked
package io.whimbrel.broker.memory;

import org.jspecify.annotations.NullMarked;
