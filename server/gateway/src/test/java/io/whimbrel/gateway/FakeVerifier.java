package io.whimbrel.gateway;

import io.whimbrel.auth.TokenVerdict;
import io.whimbrel.auth.TokenVerifier;
import io.whimbrel.model.Address;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;

/** Knows the tokens it is told; every other one is invalid. */
final class FakeVerifier implements TokenVerifier {
    private final Map<String, CompletionStage<TokenVerdict>> verdicts = new ConcurrentHashMap<>();

    /** A new address with a token that never expires: its own text. */
    Address newClient() {
        Address address = Address.random();
        answer(tokenOf(address), new TokenVerdict.Valid(address, TokenVerdict.Valid.NEVER));
        return address;
    }

    static String tokenOf(Address address) {
        return "token-of-" + address;
    }

    void answer(String token, TokenVerdict verdict) {
        verdicts.put(token, CompletableFuture.completedStage(verdict));
    }

    /** The verdict comes when the test completes it. */
    CompletableFuture<TokenVerdict> answerLater(String token) {
        CompletableFuture<TokenVerdict> later = new CompletableFuture<>();
        verdicts.put(token, later);
        return later;
    }

    @Override
    public CompletionStage<TokenVerdict> verify(String token) {
        return verdicts.getOrDefault(token, CompletableFuture.completedStage(new TokenVerdict.Invalid()));
    }
}
