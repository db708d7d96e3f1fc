package io.whimbrel.auth;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.spec.ECGenParameterSpec;
import java.util.Base64;
import java.util.List;

/** Makes keys, the files they lie in, and tokens as somebody else would sign them. */
final class TestKeys {
    static final String SECRET = "a secret of more than thirty-two bytes";
    static final String OTHER_SECRET = "another secret of more than 32 bytes!!";

    private TestKeys() {}

    static KeySource.SharedSecret shared(String secret, String... previous) {
        return new KeySource.SharedSecret("auth.secret", secret, List.of(previous));
    }

    static KeyPair pair(SignatureAlgorithm algorithm) {
        return switch (algorithm) {
            case RS256 -> rsa(2048);
            case ES256 -> ec("secp256r1");
            case EDDSA -> generate("Ed25519");
            case HS256 -> throw new IllegalArgumentException("HS256 has no key pair");
        };
    }

    static KeyPair rsa(int bits) {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
            generator.initialize(bits);
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    static KeyPair ec(String curve) {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec(curve));
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    static Path privateKeyFile(Path folder, KeyPair pair) {
        return write(
                folder.resolve("private.pem"),
                pem("PRIVATE KEY", pair.getPrivate().getEncoded()));
    }

    static Path publicKeyFile(Path folder, KeyPair pair) {
        return write(
                folder.resolve("public.pem"), pem("PUBLIC KEY", pair.getPublic().getEncoded()));
    }

    static String pem(String label, byte[] der) {
        return "-----BEGIN %1$s-----%n%2$s%n-----END %1$s-----%n"
                .formatted(label, Base64.getMimeEncoder().encodeToString(der));
    }

    static Path write(Path file, String text) {
        try {
            return Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String sign(JWSSigner signer, JWSHeader header, JWTClaimsSet claims) {
        SignedJWT token = new SignedJWT(header, claims);
        try {
            token.sign(signer);
        } catch (JOSEException e) {
            throw new AssertionError(e);
        }
        return token.serialize();
    }

    static String base64(String text) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    private static KeyPair generate(String kind) {
        try {
            return KeyPairGenerator.getInstance(kind).generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }
}
