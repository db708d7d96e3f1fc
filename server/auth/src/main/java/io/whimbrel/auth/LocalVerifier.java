package io.whimbrel.auth;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import com.nimbusds.jwt.JWTClaimsSet;
import io.whimbrel.model.Address;
import io.whimbrel.model.Revocation;
import io.whimbrel.model.Topic;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Date;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Verifies our tokens by their signature, without asking anybody. With a shared secret every answer is there at once.
 * Tokens found valid are remembered until they expire, since a check costs 10 us with a shared secret and up to 100
 * times that with other keys, and finding one again 0.6 us. Remembered is their SHA-256, not they themselves, so that
 * neither memory nor the time a search takes tells anything of a token. Safe for any thread.
 */
public final class LocalVerifier implements TokenVerifier, AutoCloseable {
    /** So that a key taken out of a JWK set is forgotten some day, whatever its last tokens say about their end. */
    private static final Duration LONGEST_MEMORY = Duration.ofHours(1);

    private final JwtCheck check;
    private final boolean remembering;
    private final TopicsClaim topics;
    private final InstantSource clock;
    private final Cache<TokenDigest, TokenVerdict.Valid> verified;

    /**
     * Reads the key's file where there is one; what is wrong with it is an {@link IllegalArgumentException}.
     *
     * @param maxTopics setting {@code auth.topics.max}: a token that names more topics is invalid
     */
    public LocalVerifier(KeySource source, int maxTopics, VerificationLimits limits, InstantSource clock) {
        this.clock = clock;
        topics = new TopicsClaim(maxTopics);
        check = new JwtCheck(source, JwtRules.ofOurs(), limits, clock);
        remembering = limits.cachedTokens() > 0;
        verified = Caffeine.newBuilder()
                .maximumWeight(limits.cachedTokens())
                .weigher((TokenDigest _, TokenVerdict.Valid valid) ->
                        1 + valid.topics().size())
                .ticker(() -> clock.millis() * 1_000_000)
                .expireAfter(Expiry.<TokenDigest, TokenVerdict.Valid>creating((_, valid) -> memoryOf(valid)))
                .executor(Runnable::run)
                .build();
    }

    public LocalVerifier(KeySource source, int maxTopics, InstantSource clock) {
        this(source, maxTopics, VerificationLimits.DEFAULT, clock);
    }

    public LocalVerifier(KeySource source, InstantSource clock) {
        this(source, TopicsClaim.DEFAULT_MAX_TOPICS, clock);
    }

    @Override
    public CompletionStage<TokenVerdict> verify(String token) {
        if (!remembering) {
            return check.check(token).thenApply(outcome -> verdict(token, outcome));
        }
        if (token.length() > JwtRules.MAX_OWN_LENGTH) {
            return CompletableFuture.completedFuture(new TokenVerdict.Invalid());
        }
        TokenDigest digest = TokenDigest.of(token);
        TokenVerdict.Valid known = verified.getIfPresent(digest);
        if (known != null) {
            return CompletableFuture.completedFuture(
                    clock.instant().getEpochSecond() < known.expiresAtSeconds() ? known : new TokenVerdict.Expired());
        }
        return check.check(token).thenApply(outcome -> {
            TokenVerdict verdict = verdict(token, outcome);
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

    private TokenVerdict verdict(String token, JwtOutcome outcome) {
        return switch (outcome) {
            case JwtOutcome.Genuine(var claims) -> verdict(token, claims);
            case JwtOutcome.Expired() -> new TokenVerdict.Expired();
            case JwtOutcome.Refused() -> new TokenVerdict.Invalid();
            case JwtOutcome.Undecided(String why) -> new TokenVerdict.Unavailable(why);
        };
    }

    private TokenVerdict verdict(String token, JWTClaimsSet claims) {
        Optional<Address> address = Optional.ofNullable(claims.getSubject()).flatMap(Address::parse);
        Optional<List<Topic>> named = topics.read(claims.getClaim(TopicsClaim.NAME));
        if (address.isEmpty() || named.isEmpty()) {
            return new TokenVerdict.Invalid();
        }
        long expiresAtSeconds = claims.getExpirationTime().toInstant().getEpochSecond();
        return new TokenVerdict.Valid(
                address.get(), expiresAtSeconds, named.get(), sinceSeconds(claims), Fingerprint.of(token));
    }

    private static long sinceSeconds(JWTClaimsSet claims) {
        if (claims.getClaim(SignedTokens.SINCE) instanceof Number since) {
            return since.longValue();
        }
        Date issued = claims.getIssueTime();
        return issued == null ? Revocation.UNKNOWN : issued.toInstant().getEpochSecond();
    }

    private Duration memoryOf(TokenVerdict.Valid valid) {
        Duration left = Duration.ofSeconds(valid.expiresAtSeconds()).minusMillis(clock.millis());
        if (left.isNegative()) {
            return Duration.ZERO;
        }
        return left.compareTo(LONGEST_MEMORY) < 0 ? left : LONGEST_MEMORY;
    }
}
