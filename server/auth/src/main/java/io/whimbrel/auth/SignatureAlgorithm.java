package io.whimbrel.auth;

import com.nimbusds.jose.JWSAlgorithm;
import java.util.Arrays;
import java.util.stream.Collectors;

/** The ways our own tokens may be signed: by a secret shared with the gateways, or by a private key only the issuer has. */
public enum SignatureAlgorithm {
    HS256("HS256"),
    RS256("RS256"),
    ES256("ES256"),
    /** With Ed25519. */
    EDDSA("EdDSA");

    private final String jwsName;

    SignatureAlgorithm(String jwsName) {
        this.jwsName = jwsName;
    }

    /** Reads the value of {@code auth.algorithm}. */
    public static SignatureAlgorithm of(String value) {
        return Arrays.stream(values())
                .filter(algorithm -> algorithm.toString().equalsIgnoreCase(value))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("auth.algorithm is '%s'; it may be one of %s"
                        .formatted(
                                value,
                                Arrays.stream(values())
                                        .map(SignatureAlgorithm::toString)
                                        .collect(Collectors.joining(", ")))));
    }

    JWSAlgorithm jws() {
        return JWSAlgorithm.parse(jwsName);
    }

    /** As the setting and the header of a token write it. */
    @Override
    public String toString() {
        return jwsName;
    }
}
