package io.whimbrel.gateway;

import io.whimbrel.auth.TokenVerifier;
import java.time.InstantSource;
import java.util.Set;
import java.util.function.BooleanSupplier;

/** What a handshake needs to know to decide who comes in. Safe for any thread. */
record Admission(
        TokenVerifier verifier,
        GatewaySettings settings,
        GatewayMetrics metrics,
        InstantSource clock,
        BooleanSupplier drains) {
    /** The year 3000. Another web server may send any number, and no sum may run over. */
    private static final long FAR_FUTURE_SECONDS = 32_503_680_000L;

    Set<String> origins() {
        return settings.origins();
    }

    boolean compression() {
        return settings.compression();
    }

    boolean draining() {
        return drains.getAsBoolean();
    }

    /** The end of a token in the loop's own time, which does not jump. */
    long expiresAtMillis(long expiresAtSeconds, Loop loop) {
        if (expiresAtSeconds >= FAR_FUTURE_SECONDS) {
            return Long.MAX_VALUE;
        }
        return loop.nowMillis() + Math.max(0, expiresAtSeconds * 1000 - clock.millis());
    }
}
