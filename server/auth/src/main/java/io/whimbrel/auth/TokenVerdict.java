package io.whimbrel.auth;

import io.whimbrel.model.Address;

/** What became of a question to a {@link TokenVerifier}. */
public sealed interface TokenVerdict {
    /**
     * Ours, and in force.
     *
     * @param expiresAtSeconds since 1970; {@link #NEVER} where the token has no end
     */
    record Valid(Address address, long expiresAtSeconds) implements TokenVerdict {
        public static final long NEVER = Long.MAX_VALUE;
    }

    /** Was ours once; the client should get a new one. */
    record Expired() implements TokenVerdict {}

    record Invalid() implements TokenVerdict {}

    /**
     * Neither yes nor no, since whoever knows did not answer. The client may try again.
     *
     * @param why for logs; holds no token
     */
    record Unavailable(String why) implements TokenVerdict {}
}
