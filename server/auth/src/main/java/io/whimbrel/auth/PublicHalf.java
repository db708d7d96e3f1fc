package io.whimbrel.auth;

import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.KeyFactory;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.EdECPrivateKey;
import java.security.interfaces.RSAPrivateCrtKey;
import java.security.spec.ECFieldFp;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.ECPublicKeySpec;
import java.security.spec.RSAPublicKeySpec;
import javax.crypto.KeyAgreement;

/**
 * The public key of a private one. The JDK has no call for it, so each kind takes its own way through calls it has;
 * every result is proved by a signature before it is used.
 */
final class PublicHalf {
    private PublicHalf() {}

    static PublicKey of(PrivateKey key) throws GeneralSecurityException {
        return switch (key) {
            case RSAPrivateCrtKey rsa ->
                proved(
                        rsa,
                        KeyFactory.getInstance("RSA")
                                .generatePublic(new RSAPublicKeySpec(rsa.getModulus(), rsa.getPublicExponent())));
            case ECPrivateKey ec -> ofEllipticCurve(ec);
            case EdECPrivateKey edwards -> ofEdwardsCurve(edwards);
            default -> throw new InvalidKeyException("a key of kind " + key.getAlgorithm());
        };
    }

    /** Key agreement with the curve's base point gives x of the public point; its equation gives y, up to the sign. */
    private static PublicKey ofEllipticCurve(ECPrivateKey key) throws GeneralSecurityException {
        ECParameterSpec curve = key.getParams();
        KeyFactory factory = KeyFactory.getInstance("EC");
        KeyAgreement agreement = KeyAgreement.getInstance("ECDH");
        agreement.init(key);
        agreement.doPhase(factory.generatePublic(new ECPublicKeySpec(curve.getGenerator(), curve)), true);
        BigInteger x = new BigInteger(1, agreement.generateSecret());

        BigInteger p = ((ECFieldFp) curve.getCurve().getField()).getP();
        BigInteger ySquared = x.pow(3)
                .add(curve.getCurve().getA().multiply(x))
                .add(curve.getCurve().getB())
                .mod(p);
        BigInteger y = ySquared.modPow(p.add(BigInteger.ONE).shiftRight(2), p); // p = 3 mod 4 on the NIST curves
        PublicKey one = factory.generatePublic(new ECPublicKeySpec(new ECPoint(x, y), curve));
        PublicKey other = factory.generatePublic(new ECPublicKeySpec(new ECPoint(x, p.subtract(y)), curve));
        return belongTogether(key, one) ? one : proved(key, other);
    }

    /** A key pair generator whose randomness is the private key makes the same pair again. */
    private static PublicKey ofEdwardsCurve(EdECPrivateKey key) throws GeneralSecurityException {
        byte[] seed = key.getBytes().orElseThrow(() -> new InvalidKeyException("a key without its bytes"));
        KeyPairGenerator generator = KeyPairGenerator.getInstance("Ed25519");
        generator.initialize(key.getParams(), new SecureRandom() {
            @Override
            public void nextBytes(byte[] bytes) {
                System.arraycopy(seed, 0, bytes, 0, bytes.length);
            }
        });
        return proved(key, generator.generateKeyPair().getPublic());
    }

    private static PublicKey proved(PrivateKey key, PublicKey candidate) throws GeneralSecurityException {
        if (!belongTogether(key, candidate)) {
            throw new InvalidKeyException("a key that does not verify what it signed");
        }
        return candidate;
    }

    private static boolean belongTogether(PrivateKey key, PublicKey candidate) throws GeneralSecurityException {
        byte[] probe = {1, 2, 3};
        Signature signature = Signature.getInstance(
                switch (key) {
                    case RSAPrivateCrtKey _ -> "SHA256withRSA";
                    case ECPrivateKey _ -> "SHA256withECDSA";
                    default -> "Ed25519";
                });
        signature.initSign(key);
        signature.update(probe);
        byte[] signed = signature.sign();
        signature.initVerify(candidate);
        signature.update(probe);
        return signature.verify(signed);
    }
}
