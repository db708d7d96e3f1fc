package io.whimbrel.auth;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.OctetKeyPair;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.util.Base64URL;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.EdECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.Optional;

/** Public keys as JWK (RFC 7517, RFC 8037 for Ed25519) and back. */
final class Jwks {
    /** What the X.509 form of an Ed25519 key has in front of the 32 bytes that JWK calls x (RFC 8410 §4). */
    private static final byte[] ED25519_PREFIX = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0};

    private static final int ED25519_BYTES = 32;

    private Jwks() {}

    /** With its thumbprint (RFC 7638) as key id. */
    static JWK publish(PublicKey key, SignatureAlgorithm algorithm) throws JOSEException {
        return switch (key) {
            case RSAPublicKey rsa ->
                new RSAKey.Builder(rsa)
                        .keyUse(KeyUse.SIGNATURE)
                        .algorithm(algorithm.jws())
                        .keyIDFromThumbprint()
                        .build();
            case ECPublicKey ec ->
                new ECKey.Builder(Curve.forECParameterSpec(ec.getParams()), ec)
                        .keyUse(KeyUse.SIGNATURE)
                        .algorithm(algorithm.jws())
                        .keyIDFromThumbprint()
                        .build();
            case EdECPublicKey edwards ->
                new OctetKeyPair.Builder(Curve.Ed25519, x(edwards))
                        .keyUse(KeyUse.SIGNATURE)
                        .algorithm(algorithm.jws())
                        .keyIDFromThumbprint()
                        .build();
            default -> throw new JOSEException("no JWK form for a key of kind " + key.getAlgorithm());
        };
    }

    /** Empty for a key we cannot use: a symmetric one, another curve, a damaged one. */
    static Optional<PublicKey> publicKey(JWK jwk) {
        try {
            return switch (jwk) {
                case RSAKey rsa -> Optional.of(rsa.toPublicKey());
                case ECKey ec -> Optional.of(ec.toPublicKey());
                case OctetKeyPair pair when pair.getCurve().equals(Curve.Ed25519) -> ed25519(pair.getDecodedX());
                default -> Optional.empty();
            };
        } catch (JOSEException | GeneralSecurityException _) {
            return Optional.empty(); // One bad key of a set does not spoil the others.
        }
    }

    private static Base64URL x(EdECPublicKey key) {
        byte[] encoded = key.getEncoded();
        return Base64URL.encode(Arrays.copyOfRange(encoded, encoded.length - ED25519_BYTES, encoded.length));
    }

    private static Optional<PublicKey> ed25519(byte[] x) throws GeneralSecurityException {
        if (x.length != ED25519_BYTES) {
            return Optional.empty();
        }
        byte[] encoded = Arrays.copyOf(ED25519_PREFIX, ED25519_PREFIX.length + ED25519_BYTES);
        System.arraycopy(x, 0, encoded, ED25519_PREFIX.length, ED25519_BYTES);
        return Optional.of(KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(encoded)));
    }
}
