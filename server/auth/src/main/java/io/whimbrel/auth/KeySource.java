package io.whimbrel.auth;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * What tokens are verified with: settings, checked for form when they are made. Files are read, and addresses asked,
 * by whoever is made from them. {@code setting} is the name a sentence about a mistake uses.
 */
public sealed interface KeySource {
    /** What the settings of a verifier say, where an empty text means not set; exactly one of the three must be.
     *
     * @param prefix {@code auth}, or {@code auth.bearer} for an identity provider's tokens
     */
    static KeySource of(
            String prefix, String secret, List<String> previousSecrets, String publicKeyFile, String jwksUrl) {
        long given = Stream.of(secret, publicKeyFile, jwksUrl)
                .filter(value -> !value.isEmpty())
                .count();
        if (given != 1) {
            throw new IllegalArgumentException(
                    "%d of %2$s.secret, %2$s.public-key and %2$s.jwks-url are set; set exactly one"
                            .formatted(given, prefix));
        }
        if (!secret.isEmpty()) {
            return new SharedSecret(prefix + ".secret", secret, previousSecrets);
        }
        return publicKeyFile.isEmpty()
                ? new JwksUrl(prefix + ".jwks-url", jwksUrl)
                : new PublicKeyFile(prefix + ".public-key", Path.of(publicKeyFile));
    }

    /** What tokens can be issued with as well. */
    sealed interface SigningKey extends KeySource {
        /** What the settings of the issuer say, where an empty text means not set. */
        static SigningKey of(
                SignatureAlgorithm algorithm, String secret, List<String> previousSecrets, String privateKeyFile) {
            if (algorithm == SignatureAlgorithm.HS256) {
                return new SharedSecret("auth.secret", secret, previousSecrets);
            }
            if (privateKeyFile.isEmpty()) {
                throw new IllegalArgumentException(
                        "auth.private-key is not set, which auth.algorithm %s needs; it names a PEM file with a PKCS#8 key"
                                .formatted(algorithm));
            }
            return new PrivateKeyFile(algorithm, Path.of(privateKeyFile));
        }
    }

    /**
     * One secret for those who issue and those who verify.
     *
     * @param secret signs; at least 32 bytes in UTF-8
     * @param previous verify as well, so that a secret can be replaced without throwing anybody out
     */
    record SharedSecret(String setting, String secret, List<String> previous) implements SigningKey {
        /** What HMAC-SHA256 asks for (RFC 7518 §3.2). */
        public static final int MIN_SECRET_BYTES = 32;

        /** Each one costs a check of every forged token. */
        public static final int MAX_PREVIOUS = 8;

        public SharedSecret {
            requireLongEnough(setting, secret);
            previous = List.copyOf(previous);
            if (previous.size() > MAX_PREVIOUS) {
                throw new IllegalArgumentException("auth.previous-secrets holds %d secrets; it may hold 0 to %d"
                        .formatted(previous.size(), MAX_PREVIOUS));
            }
            previous.forEach(old -> requireLongEnough("auth.previous-secrets", old));
        }

        Stream<byte[]> all() {
            return Stream.concat(Stream.of(secret), previous.stream()).map(SharedSecret::bytes);
        }

        static byte[] bytes(String secret) {
            return secret.getBytes(StandardCharsets.UTF_8);
        }

        private static void requireLongEnough(String setting, String secret) {
            if (bytes(secret).length < MIN_SECRET_BYTES) {
                throw new IllegalArgumentException("%s has %d bytes; a secret has at least %d, chosen at random"
                        .formatted(setting, bytes(secret).length, MIN_SECRET_BYTES));
            }
        }

        /** Without the secrets. */
        @Override
        public String toString() {
            return "SharedSecret[%s, %d previous]".formatted(setting, previous.size());
        }
    }

    /** A PEM file with a PKCS#8 private key. Tokens are verified with its public half. */
    record PrivateKeyFile(SignatureAlgorithm algorithm, Path file) implements SigningKey {
        static final String SETTING = "auth.private-key";

        public PrivateKeyFile {
            if (algorithm == SignatureAlgorithm.HS256) {
                throw new IllegalArgumentException(
                        "auth.algorithm is HS256, which signs with auth.secret and not with auth.private-key");
            }
        }
    }

    /** A PEM file with a public key; the kind of key says which signatures are accepted. */
    record PublicKeyFile(String setting, Path file) implements KeySource {}

    /** The address of a JWK set (RFC 7517 §5), asked when it is first needed and kept up to date from then on. */
    record JwksUrl(String setting, String url) implements KeySource {
        public JwksUrl {
            HttpAddress.require(setting, url);
        }

        URI uri() {
            return URI.create(url);
        }
    }
}
