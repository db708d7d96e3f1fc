package io.whimbrel.web;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.whimbrel.auth.IssuedToken;
import io.whimbrel.auth.TokenIssuer;
import io.whimbrel.auth.TokenVerdict;
import io.whimbrel.auth.TokenVerdict.Invalid;
import io.whimbrel.auth.TokenVerdict.Valid;
import io.whimbrel.auth.TokenVerifier;
import io.whimbrel.model.Address;
import io.whimbrel.model.Topic;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** Tokens that are good because this object remembers having made them. */
final class FakeTokens implements TokenVerifier, TokenIssuer {
    static final long END_SECONDS = 2_000_000_000;

    final Map<String, TokenVerdict> verdicts = new ConcurrentHashMap<>();
    /** Whether verdicts come later, on a thread of the verifier. */
    volatile boolean later;

    private final AtomicInteger made = new AtomicInteger();

    @Override
    public IssuedToken issue(Address address, List<Topic> topics) {
        String token = "token-%d.of".formatted(made.incrementAndGet());
        verdicts.put(token, new Valid(address, END_SECONDS, topics));
        return new IssuedToken(token, address, END_SECONDS);
    }

    @Override
    public IssuedToken renew(Valid old) {
        return issue(old.address(), old.topics());
    }

    @Override
    public Duration lifetime() {
        return Duration.ofHours(24);
    }

    @Override
    public Address addressOf(String identity) {
        return new Address(UUID.nameUUIDFromBytes(identity.getBytes(UTF_8)));
    }

    @Override
    public CompletionStage<TokenVerdict> verify(String token) {
        TokenVerdict verdict = verdicts.getOrDefault(token, new Invalid());
        return later ? CompletableFuture.supplyAsync(() -> verdict) : CompletableFuture.completedFuture(verdict);
    }

    /** A token, made known with its verdict. */
    String known(String token, TokenVerdict verdict) {
        verdicts.put(token, verdict);
        return token;
    }
}
