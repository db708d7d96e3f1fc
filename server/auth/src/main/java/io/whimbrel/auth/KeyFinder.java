package io.whimbrel.auth;

import com.nimbusds.jose.JWSHeader;
import java.util.List;
import java.util.concurrent.CompletionStage;

/** Finds the keys that may have signed a token. Safe for any thread; never blocks, and its stage never fails. */
sealed interface KeyFinder extends AutoCloseable permits FixedKeys, JwksKeys {
    CompletionStage<Answer> find(JWSHeader header);

    @Override
    void close();

    sealed interface Answer {
        /** Few; none where nobody we trust has such a key. */
        record Keys(List<VerificationKey> keys) implements Answer {}

        record Away(String why) implements Answer {}
    }
}
