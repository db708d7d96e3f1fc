package io.whimbrel.auth;

import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.interfaces.ECKey;
import java.security.interfaces.RSAKey;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.List;

/** Reads keys from PEM files and refuses those too weak or of the wrong kind. */
final class KeyFiles {
    private static final int MIN_RSA_BITS = 2048;
    private static final int P256_BITS = 256;

    private KeyFiles() {}

    /** The private key and the public key that belongs to it. */
    static KeyPair read(KeySource.PrivateKeyFile source) {
        byte[] der = Pem.read(KeySource.PrivateKeyFile.SETTING, source.file(), "PRIVATE KEY");
        try {
            PrivateKey key =
                    KeyFactory.getInstance(kindFor(source.algorithm())).generatePrivate(new PKCS8EncodedKeySpec(der));
            requireStrong(source, key);
            return new KeyPair(PublicHalf.of(key), key);
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException(
                    "%s: %s holds no key for auth.algorithm %s (%s)"
                            .formatted(
                                    KeySource.PrivateKeyFile.SETTING,
                                    source.file(),
                                    source.algorithm(),
                                    e.getClass().getSimpleName()),
                    e);
        }
    }

    static PublicKey read(KeySource.PublicKeyFile source) {
        X509EncodedKeySpec encoded = new X509EncodedKeySpec(Pem.read(source.setting(), source.file(), "PUBLIC KEY"));
        for (String kind : List.of("RSA", "EC", "Ed25519")) {
            try {
                PublicKey key = KeyFactory.getInstance(kind).generatePublic(encoded);
                if (key instanceof RSAKey rsa) {
                    requireStrong(source.setting(), source.file(), rsa);
                }
                return key;
            } catch (InvalidKeySpecException _) {
                // Not of this kind; the next one may fit.
            } catch (GeneralSecurityException e) {
                throw new IllegalStateException("every JDK has " + kind, e);
            }
        }
        throw new IllegalArgumentException(
                "%s: %s holds no RSA, EC or Ed25519 key".formatted(source.setting(), source.file()));
    }

    private static String kindFor(SignatureAlgorithm algorithm) {
        return switch (algorithm) {
            case RS256 -> "RSA";
            case ES256 -> "EC";
            case EDDSA -> "Ed25519";
            case HS256 -> throw new IllegalArgumentException("HS256 has no private key");
        };
    }

    private static void requireStrong(KeySource.PrivateKeyFile source, PrivateKey key) {
        if (key instanceof RSAKey rsa) {
            requireStrong(KeySource.PrivateKeyFile.SETTING, source.file(), rsa);
        }
        if (key instanceof ECKey ec
                && (ec.getParams().getOrder().bitLength() != P256_BITS
                        || !ec.getParams().toString().contains("secp256r1"))) {
            throw new IllegalArgumentException("%s: %s holds a key on %s; ES256 needs one on P-256"
                    .formatted(KeySource.PrivateKeyFile.SETTING, source.file(), ec.getParams()));
        }
    }

    private static void requireStrong(String setting, Path file, RSAKey key) {
        if (key.getModulus().bitLength() < MIN_RSA_BITS) {
            throw new IllegalArgumentException("%s: %s holds an RSA key of %d bits; it must have at least %d"
                    .formatted(setting, file, key.getModulus().bitLength(), MIN_RSA_BITS));
        }
    }
}
