package io.whimbrel.auth;

import com.nimbusds.jose.JWSHeader;
import java.security.PublicKey;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Keys that are known at start and stay. */
record FixedKeys(List<VerificationKey> keys) implements KeyFinder {
    static FixedKeys of(KeySource.SharedSecret shared) {
        return new FixedKeys(shared.all().map(VerificationKey::of).toList());
    }

    static FixedKeys of(String setting, PublicKey key) {
        return new FixedKeys(List.of(VerificationKey.of(key)
                .orElseThrow(() ->
                        new IllegalArgumentException(setting + " names a key that tokens cannot be signed with"))));
    }

    @Override
    public CompletionStage<Answer> find(JWSHeader header) {
        return CompletableFuture.completedFuture(new Answer.Keys(keys));
    }

    @Override
    public void close() {}
}
