package io.whimbrel.model;

import org.jspecify.annotations.Nullable;

/**
 * What is to be told of a publication's way, by everybody it passes. Most publications have none.
 *
 * @param receipt whether gateways count which sessions have it
 * @param asker which node wants to hear of that at once, as {@code Receipts} named it; null where nobody waits
 * @param traced whether every hop is written down
 * @param traceParent the publisher's span, of which further ones are children (W3C Trace Context §3.2); null where it has none
 */
public record Tracking(
        boolean receipt,
        @Nullable String asker,
        boolean traced,
        @Nullable String traceParent) {
    /** Whether it asks for anything. */
    public boolean asks() {
        return receipt || traced || traceParent != null;
    }
}
