package io.whimbrel.auth;

import io.whimbrel.model.Address;
import io.whimbrel.model.Topic;
import java.util.List;

/** What became of a question to a {@link TokenVerifier}. */
public sealed interface TokenVerdict {
    /**
     * Ours, and in force.
     *
     * @param expiresAtSeconds since 1970; {@link #NEVER} where the token has no end
     * @param topics what its bearer may receive besides what is sent to the address: no topic of an address, none twice
     */
    record Valid(Address address, long expiresAtSeconds, List<Topic> topics) implements TokenVerdict {
        public static final long NEVER = Long.MAX_VALUE;

        public Valid {
            topics = List.copyOf(topics);
        }

        /** Without further topics. */
        public Valid(Address address, long expiresAtSeconds) {
            this(address, expiresAtSeconds, List.of());
        }
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
