package io.whimbrel.auth;

import io.whimbrel.auth.TokenVerdict.Valid;
import io.whimbrel.model.Address;
import io.whimbrel.model.Revocation;
import io.whimbrel.model.Revocation.OfAddress;
import io.whimbrel.model.Revocation.OfToken;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What one node knows of revocations that are in force. Until it knows all of them, no token counts: see {@link #complete}.
 * Holds about twice as many as are in force, whose number the broker limits. Safe for any thread.
 */
public final class Revocations {
    private static final int FEW = 1_000;

    private final InstantSource clock;
    private final Map<Address, OfAddress> ofAddresses = new ConcurrentHashMap<>();
    private final Map<TokenName, OfToken> ofTokens = new ConcurrentHashMap<>();
    private final CopyOnWriteArrayList<Consumer<Revocation>> listeners = new CopyOnWriteArrayList<>();
    private volatile boolean complete;
    /** How many there may be before those that have ended are looked for. */
    private int sweepAt = FEW;

    private record TokenName(Address address, long fingerprint) {}

    public Revocations(InstantSource clock) {
        this.clock = clock;
    }

    /** From now on it is known that every revocation in force has been added. */
    public void complete() {
        complete = true;
    }

    /** Why no token counts at the moment, in words for the operator; empty when all is well. */
    public Optional<String> problem() {
        return complete ? Optional.empty() : Optional.of("which tokens are revoked is not known yet");
    }

    /** Tells the listeners, unless this says no more than what is known. */
    public synchronized void add(Revocation revocation) {
        boolean tellsMore = switch (revocation) {
            case OfToken token -> ofTokens.put(new TokenName(token.address(), token.fingerprint()), token) == null;
            case OfAddress address -> {
                OfAddress known = ofAddresses.get(address.address());
                ofAddresses.put(address.address(), known == null ? address : together(known, address));
                yield known == null || known.atSeconds() < address.atSeconds();
            }
        };
        if (size() >= sweepAt) {
            long now = nowSeconds();
            ofTokens.values().removeIf(it -> it.untilSeconds() <= now);
            ofAddresses.values().removeIf(it -> it.untilSeconds() <= now);
            sweepAt = Math.max(FEW, 2 * size());
        }
        if (tellsMore) {
            listeners.forEach(listener -> listener.accept(revocation));
        }
    }

    /** What two revocations of one address say together. */
    private static OfAddress together(OfAddress one, OfAddress other) {
        return new OfAddress(
                one.address(),
                Math.max(one.atSeconds(), other.atSeconds()),
                Math.max(one.untilSeconds(), other.untilSeconds()));
    }

    /** Calls back with each revocation that is new, after it has been added, on the thread that adds. */
    public void onAdded(Consumer<Revocation> listener) {
        listeners.add(listener);
    }

    public boolean concern(Valid token) {
        long now = nowSeconds();
        OfAddress ofAddress = ofAddresses.get(token.address());
        OfToken ofToken = ofTokens.isEmpty() ? null : ofTokens.get(new TokenName(token.address(), token.fingerprint()));
        return concerns(ofAddress, token, now) || concerns(ofToken, token, now);
    }

    private static boolean concerns(@Nullable Revocation revocation, Valid token, long now) {
        return revocation != null
                && now < revocation.untilSeconds()
                && revocation.concerns(token.sinceSeconds(), token.fingerprint());
    }

    /** That of the whole address, where there is one in force. */
    public Optional<OfAddress> of(Address address) {
        return Optional.ofNullable(ofAddresses.get(address)).filter(it -> nowSeconds() < it.untilSeconds());
    }

    /** A verifier that knows of them, in front of one that does not. */
    public TokenVerifier guard(TokenVerifier verifier) {
        return token -> verifier.verify(token).thenApply(this::judge);
    }

    private TokenVerdict judge(TokenVerdict verdict) {
        if (!(verdict instanceof Valid valid)) {
            return verdict;
        }
        if (!complete) {
            return new TokenVerdict.Unavailable("which tokens are revoked is not known yet");
        }
        return concern(valid) ? new TokenVerdict.Revoked() : valid;
    }

    /** How many are known, those included that have ended and not been looked for. */
    public int size() {
        return ofAddresses.size() + ofTokens.size();
    }

    private long nowSeconds() {
        return clock.instant().getEpochSecond();
    }
}
