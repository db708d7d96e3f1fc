package io.whimbrel.auth;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jwt.JWTClaimsSet;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.Set;

/**
 * What a token must say besides being signed. Every token must end some day.
 *
 * @param algorithms accepted where the key fits them too
 * @param issuer who must have issued it; empty for anybody who has the key
 * @param audience whom it must be meant for; empty for anybody
 * @param skew how far the clocks of issuer and verifier may differ
 */
record JwtRules(Set<JWSAlgorithm> algorithms, int maxLength, String issuer, String audience, Duration skew) {
    /** Characters; ours have about 250 with HS256 and 900 with a large RSA key, and up to 4,096 more for topics. */
    static final int MAX_OWN_LENGTH = 6 * 1024;

    /** Identity providers put groups and roles into theirs. */
    static final int MAX_PROVIDER_LENGTH = 16 * 1024;

    private static final Duration PROVIDER_SKEW = Duration.ofSeconds(60);

    /** Tokens that {@link SignedTokens} issued. */
    static JwtRules ofOurs() {
        return new JwtRules(
                Set.of(JWSAlgorithm.HS256, JWSAlgorithm.RS256, JWSAlgorithm.ES256, JWSAlgorithm.EdDSA),
                MAX_OWN_LENGTH,
                SignedTokens.ISSUER,
                "",
                Duration.ZERO);
    }

    /** Tokens of somebody's identity provider. */
    static JwtRules ofProvider(String issuer, String audience) {
        return new JwtRules(
                Set.of(
                        JWSAlgorithm.HS256,
                        JWSAlgorithm.HS384,
                        JWSAlgorithm.HS512,
                        JWSAlgorithm.RS256,
                        JWSAlgorithm.RS384,
                        JWSAlgorithm.RS512,
                        JWSAlgorithm.PS256,
                        JWSAlgorithm.PS384,
                        JWSAlgorithm.PS512,
                        JWSAlgorithm.ES256,
                        JWSAlgorithm.ES384,
                        JWSAlgorithm.ES512,
                        JWSAlgorithm.EdDSA,
                        JWSAlgorithm.Ed25519),
                MAX_PROVIDER_LENGTH,
                issuer,
                audience,
                PROVIDER_SKEW);
    }

    /** Judges a token whose signature is good. */
    JwtOutcome judge(JWTClaimsSet claims, Instant now) {
        Date expires = claims.getExpirationTime();
        Date notBefore = claims.getNotBeforeTime();
        boolean refused = expires == null
                || (!issuer.isEmpty() && !issuer.equals(claims.getIssuer()))
                || (!audience.isEmpty() && !claims.getAudience().contains(audience))
                || (notBefore != null && notBefore.toInstant().isAfter(now.plus(skew)));
        if (refused) {
            return new JwtOutcome.Refused();
        }
        return now.isBefore(expires.toInstant().plus(skew)) ? new JwtOutcome.Genuine(claims) : new JwtOutcome.Expired();
    }
}
