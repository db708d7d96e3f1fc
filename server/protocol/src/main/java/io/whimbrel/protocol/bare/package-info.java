/** The wire format without a library: one JSON object per text frame, which any {@code WebSocket} can read. */
@NullMarked
package io.whimbrel.protocol.bare;

import org.jspecify.annotations.NullMarked;
