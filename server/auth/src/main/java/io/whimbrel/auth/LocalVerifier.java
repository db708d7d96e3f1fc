package io.whimbrel.auth;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import io.whimbrel.model.Address;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Verifies our tokens by their signature, without asking anybody. With a shared secret every answer is there at once.
 * With other keys, whose check is 100 times dearer, tokens found valid are remembered (their SHA-256, not they
 * themselves) until they expire. Safe for any thread.
 */
public final class LocalVerifier implements TokenVerifier, AutoCloseable {
    /** So that a key taken out of a JWK set is forgotten some day, whatever its last tokens say about their end. */
    private static final Duration LONGEST_MEMORY = Duration.ofHours(1);

    private final JwtCheck check;
    private final InstantSource clock;
    private final Cache<TokenDigest, TokenVerdict.Valid> verified;

    /** Reads the key's file where there is one; what is wrong with it is an {@link IllegalArgumentException}. */
    public LocalVerifier(KeySource source, VerificationLimits limits, InstantSource clock) {
        this.clock = clock;
        check = new JwtCheck(source, JwtRules.ofOurs(), limits, clock);
        verified = Caffeine.newBuilder()
                .maximumSize(limits.cachedTokens())
                .ticker(() -> clock.millis() * 1_000_000)
                .expireAfter(Expiry.<TokenDigest, TokenVerdict.Valid>creating((_, valid) -> memoryOf(valid)))
                .executor(Runnable::run)
                .build();
    }

    public LocalVerifier(KeySource source, InstantSource clock) {
        this(source, VerificationLimits.DEFAULT, clock);
    }

    @Override
    public CompletionStage<TokenVerdict> verify(String token) {
        if (check.immediate()) {
            return check.check(token).thenApply(LocalVerifier::verdict);
        }
        if (token.length() > JwtRules.MAX_OWN_LENGTH) {
            return CompletableFuture.completedStage(new TokenVerdict.Invalid());
        }
        TokenDigest digest = TokenDigest.of(token);
        TokenVerdict.Valid known = verified.getIfPresent(digest);
        if (known != null) {
            return CompletableFuture.completedStage(
                    clock.instant().getEpochSecond() < known.expiresAtSeconds() ? known : new TokenVerdict.Expired());
        }
        return check.check(token).thenApply(outcome -> {
            TokenVerdict verdict = verdict(outcome);
            if (verdict instanceof TokenVerdict.Valid valid) {
                verified.put(digest, valid);
            }
            return verdict;
        });
    }

    @Override
    public void close() {
        check.close();
    }

    private static TokenVerdict verdict(JwtOutcome outcome) {
        return switch (outcome) {
            case JwtOutcome.Genuine(var claims) -> {
                Optional<Address> address =
                        Optional.ofNullable(claims.getSubject()).flatMap(Address::parse);
                long expiresAtSeconds = claims.getExpirationTime().toInstant().getEpochSecond();
                yield address.<TokenVerdict>map(known -> new TokenVerdict.Valid(known, expiresAtSeconds))
                        .orElseGet(TokenVerdict.Invalid::new);
            }
            case JwtOutcome.Expired() -> new TokenVerdict.Expired();
            case JwtOutcome.Refused() -> new TokenVerdict.Invalid();
            case JwtOutcome.Undecided(String why) -> new TokenVerdict.Unavailable(why);
        };
    }

    private Duration memoryOf(TokenVerdict.Valid valid) {
        Duration left = Duration.ofSeconds(valid.expiresAtSeconds()).minusMillis(clock.millis());
        if (left.isNegative()) {
            return Duration.ZERO;
        }
        return left.compareTo(LONGEST_MEMORY) < 0 ? left : LONGEST_MEMORY;
    }
}
