package io.whimbrel.auth;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.crypto.MACVerifier;
import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jwt.SignedJWT;
import java.security.PublicKey;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.EdECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.util.Optional;

/** One key that signatures are checked with. The key says which algorithms fit it, never the token. Safe for any thread. */
record VerificationKey(JWSVerifier verifier) {
    private static final int MIN_RSA_BITS = 2048;

    static VerificationKey of(byte[] secret) {
        try {
            return new VerificationKey(new MACVerifier(secret));
        } catch (JOSEException e) {
            throw new IllegalArgumentException("a secret of %d bytes is too short".formatted(secret.length), e);
        }
    }

    /** Empty for a key too weak, or of a kind or on a curve that no token is signed with. */
    static Optional<VerificationKey> of(PublicKey key) {
        try {
            return switch (key) {
                case RSAPublicKey rsa
                when rsa.getModulus().bitLength() >= MIN_RSA_BITS ->
                    Optional.of(new VerificationKey(new RSASSAVerifier(rsa)));
                case ECPublicKey ec -> Optional.of(new VerificationKey(new ECDSAVerifier(ec)));
                case EdECPublicKey edwards -> Optional.of(new VerificationKey(new Ed25519Verifier(edwards)));
                default -> Optional.empty();
            };
        } catch (JOSEException _) {
            return Optional.empty(); // a curve nimbus does not know
        }
    }

    boolean verifies(SignedJWT token) {
        if (!verifier.supportedJWSAlgorithms().contains(token.getHeader().getAlgorithm())) {
            return false;
        }
        try {
            return verifier.verify(token.getHeader(), token.getSigningInput(), token.getSignature());
        } catch (JOSEException _) {
            return false; // a signature of the wrong form
        }
    }

    /** Without the key. */
    @Override
    public String toString() {
        return "VerificationKey" + verifier.supportedJWSAlgorithms();
    }
}
