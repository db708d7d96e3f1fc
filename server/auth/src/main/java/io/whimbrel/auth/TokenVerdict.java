package io.whimbrel.auth;

import io.whimbrel.model.Address;
import io.whimbrel.model.Revocation;
import io.whimbrel.model.Topic;
import java.util.List;

/** What became of a question to a {@link TokenVerifier}. */
public sealed interface TokenVerdict {
    /**
     * Ours, and in force.
     *
     * @param expiresAtSeconds since 1970; {@link #NEVER} where the token has no end
     * @param topics what its bearer may receive besides what is sent to the address: no topic of an address, none twice
     * @param sinceSeconds since when its bearer is trusted: when it proved who it is, which renewing a token does not change;
     *     seconds since 1970, or {@link Revocation#UNKNOWN}
     * @param fingerprint tells it from the address's other tokens; not secret
     */
    record Valid(Address address, long expiresAtSeconds, List<Topic> topics, long sinceSeconds, long fingerprint)
            implements TokenVerdict {
        public static final long NEVER = Long.MAX_VALUE;

        public Valid {
            topics = List.copyOf(topics);
        }

        /** One that tells nothing about itself. */
        public Valid(Address address, long expiresAtSeconds, List<Topic> topics) {
            this(address, expiresAtSeconds, topics, Revocation.UNKNOWN, 0);
        }

        /** Without further topics. */
        public Valid(Address address, long expiresAtSeconds) {
            this(address, expiresAtSeconds, List.of());
        }
    }

    /** Was ours once; the client should get a new one. */
    record Expired() implements TokenVerdict {}

    /** Ours, and its time is not over, but it was taken back. */
    record Revoked() implements TokenVerdict {}

    record Invalid() implements TokenVerdict {}

    /**
     * Neither yes nor no, since whoever knows did not answer. The client may try again.
     *
     * @param why for logs; holds no token
     */
    record Unavailable(String why) implements TokenVerdict {}
}
