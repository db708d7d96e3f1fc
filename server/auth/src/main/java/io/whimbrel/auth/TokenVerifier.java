package io.whimbrel.auth;

import java.util.concurrent.CompletionStage;

/** Says whose token this is. Safe for any thread; never blocks. */
public interface TokenVerifier {
    /**
     * The stage is already complete where the answer needs no waiting, else it completes on a thread of the verifier;
     * it never fails: what went wrong is a {@link TokenVerdict}.
     *
     * @param token whatever the client sent, of any length and content
     */
    CompletionStage<TokenVerdict> verify(String token);
}
