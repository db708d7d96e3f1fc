package io.whimbrel.auth;

import com.nimbusds.jwt.JWTClaimsSet;

/** What a {@link JwtCheck} found out about a token. */
sealed interface JwtOutcome {
    /** Signed with a trusted key, in force, for us. */
    record Genuine(JWTClaimsSet claims) implements JwtOutcome {
        /** Without the claims, which are somebody's. */
        @Override
        public String toString() {
            return "Genuine";
        }
    }

    /** Genuine once. */
    record Expired() implements JwtOutcome {}

    record Refused() implements JwtOutcome {}

    /** The keys could not be had, or too many tokens wait to be checked. */
    record Undecided(String why) implements JwtOutcome {}
}
