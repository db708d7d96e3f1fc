/**
 * How publications look to a client, one codec per wire format, as pure functions. Start with
 * {@link io.whimbrel.protocol.Codec}; {@code bare} is the format of a browser's own {@code WebSocket}.
 */
@NullMarked
package io.whimbrel.protocol;

import org.jspecify.annotations.NullMarked;
