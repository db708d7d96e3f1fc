package io.whimbrel.gateway;

import io.whimbrel.auth.Revocations;
import io.whimbrel.auth.TokenVerifier;
import io.whimbrel.model.Address;
import io.whimbrel.model.Disconnect;
import io.whimbrel.ops.Source;
import io.whimbrel.ops.TrustedProxies;
import java.time.InstantSource;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.BooleanSupplier;

/** What a handshake needs to know to decide who comes in, and how many of whom are here. Safe for any thread. */
record Admission(
        TokenVerifier verifier,
        Revocations revocations,
        GatewaySettings settings,
        GatewayMetrics metrics,
        TrustedProxies proxies,
        MemoryBudget budget,
        ConnectionCounts<Address> perAddress,
        ConnectionCounts<Source> perSource,
        InstantSource clock,
        BooleanSupplier drains) {
    /** The year 3000. Another web server may send any number, and no sum may run over. */
    private static final long FAR_FUTURE_SECONDS = 32_503_680_000L;

    Admission(
            TokenVerifier verifier,
            Revocations revocations,
            GatewaySettings settings,
            GatewayMetrics metrics,
            TrustedProxies proxies,
            MemoryBudget budget,
            InstantSource clock,
            BooleanSupplier drains) {
        this(
                verifier,
                revocations,
                settings,
                metrics,
                proxies,
                budget,
                new ConnectionCounts<>(settings.edge().maxPerAddress()),
                new ConnectionCounts<>(settings.edge().maxPerSource()),
                clock,
                drains);
    }

    Set<String> origins() {
        return settings.origins();
    }

    boolean compression() {
        return settings.compression();
    }

    boolean draining() {
        return drains.getAsBoolean();
    }

    /** When a session that begins now is over: with its token, or with the age connections may have, a quarter more or less. */
    Session.End endOf(long expiresAtSeconds, Loop loop) {
        long now = loop.nowMillis();
        long expiresAtMillis = expiresAtSeconds >= FAR_FUTURE_SECONDS
                ? Long.MAX_VALUE
                : now + Math.max(0, expiresAtSeconds * 1000 - clock.millis());
        long maxAgeMillis = settings.timing().maxAge().toMillis();
        if (maxAgeMillis > 0) {
            long rotatedAtMillis =
                    now + (long) (maxAgeMillis * ThreadLocalRandom.current().nextDouble(0.75, 1.25));
            if (rotatedAtMillis < expiresAtMillis) {
                return new Session.End(rotatedAtMillis, Disconnect.ROTATED);
            }
        }
        return new Session.End(expiresAtMillis, Disconnect.EXPIRED);
    }
}
