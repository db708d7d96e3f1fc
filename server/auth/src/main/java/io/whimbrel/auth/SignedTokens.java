package io.whimbrel.auth;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import io.whimbrel.model.Address;
import io.whimbrel.model.Topic;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.interfaces.ECPrivateKey;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Issues our tokens: signed JWTs (RFC 7519) with claims iss, sub (the address), iat, exp and jti, topics where
 * there are any, and auth_time (OpenID Connect Core §2) where its bearer is trusted since another time than iat. Whoever has the key verifies them with a {@link LocalVerifier}. Safe for any thread.
 */
public final class SignedTokens implements TokenIssuer {
    static final String ISSUER = "whimbrel";
    /** The claim that says since when the bearer is trusted. */
    static final String SINCE = "auth_time";

    private static final String ADDRESS_KEY_LABEL = "whimbrel: address of an identity";
    private static final int TOKEN_ID_BYTES = 16;

    private final TokenSettings settings;
    private final InstantSource clock;
    private final Revocations revocations;
    private final JWSSigner signer;
    private final JWSHeader header;
    private final SecretKeySpec addressKey;
    private final JWKSet publicKeys;
    private final SecureRandom random = new SecureRandom();

    /** For who revokes nothing. */
    public SignedTokens(TokenSettings settings, InstantSource clock) {
        this(settings, new Revocations(clock), clock);
    }

    /** Reads the private key's file where there is one; what is wrong with it is an {@link IllegalArgumentException}. */
    public SignedTokens(TokenSettings settings, Revocations revocations, InstantSource clock) {
        this.settings = settings;
        this.revocations = revocations;
        this.clock = clock;
        try {
            switch (settings.key()) {
                case KeySource.SharedSecret shared -> {
                    byte[] secret = KeySource.SharedSecret.bytes(shared.secret());
                    signer = new MACSigner(secret);
                    header = header(SignatureAlgorithm.HS256).build();
                    addressKey = addressKey(secret);
                    publicKeys = new JWKSet();
                }
                case KeySource.PrivateKeyFile file -> {
                    KeyPair keys = KeyFiles.read(file);
                    JWK published = Jwks.publish(keys.getPublic(), file.algorithm());
                    signer = signer(keys.getPrivate(), file.algorithm());
                    header =
                            header(file.algorithm()).keyID(published.getKeyID()).build();
                    addressKey = addressKey(keys.getPrivate().getEncoded());
                    publicKeys = new JWKSet(published);
                }
            }
        } catch (JOSEException e) {
            throw new IllegalArgumentException("auth.algorithm does not fit the key", e);
        }
    }

    @Override
    public IssuedToken issue(Address address, List<Topic> topics) {
        // A revocation concerns the whole second it was made in: who comes later in it is trusted from the next one on.
        long firstSeconds =
                revocations.of(address).map(it -> it.atSeconds() + 1).orElse(0L);
        return issue(address, topics, Math.max(nowSeconds(), firstSeconds));
    }

    @Override
    public IssuedToken renew(TokenVerdict.Valid old) {
        return issue(old.address(), old.topics(), old.sinceSeconds());
    }

    @Override
    public Duration lifetime() {
        return settings.lifetime();
    }

    private long nowSeconds() {
        return clock.instant().getEpochSecond();
    }

    private IssuedToken issue(Address address, List<Topic> topics, long sinceSeconds) {
        Instant now = Instant.ofEpochSecond(nowSeconds());
        Instant expires = now.plusSeconds(settings.lifetime().toSeconds());
        JWTClaimsSet.Builder claims = new JWTClaimsSet.Builder()
                .issuer(ISSUER)
                .subject(address.toString())
                .issueTime(Date.from(now))
                .expirationTime(Date.from(expires))
                .jwtID(randomId());
        if (sinceSeconds != now.getEpochSecond()) {
            claims.claim(SINCE, sinceSeconds);
        }
        if (!topics.isEmpty()) {
            claims.claim(TopicsClaim.NAME, topics.stream().map(Topic::name).toList());
        }
        SignedJWT token = new SignedJWT(header, claims.build());
        try {
            token.sign(signer);
        } catch (JOSEException e) {
            throw new IllegalStateException("a key that signed at start does not sign any more", e);
        }
        return new IssuedToken(token.serialize(), address, expires.getEpochSecond());
    }

    @Override
    public Address addressOf(String identity) {
        return Addresses.ofDigest(hmac(addressKey, identity));
    }

    /** The JWK set (RFC 7517 §5) as JSON that lets others verify our tokens; empty with a shared secret. */
    public String publicKeys() {
        return publicKeys.toString(true);
    }

    private String randomId() {
        byte[] id = new byte[TOKEN_ID_BYTES];
        random.nextBytes(id);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(id);
    }

    private static JWSHeader.Builder header(SignatureAlgorithm algorithm) {
        return new JWSHeader.Builder(algorithm.jws()).type(JOSEObjectType.JWT);
    }

    private static JWSSigner signer(PrivateKey key, SignatureAlgorithm algorithm) throws JOSEException {
        return switch (algorithm) {
            case RS256 -> new RSASSASigner(key);
            case ES256 -> new ECDSASigner((ECPrivateKey) key);
            case EDDSA -> new Ed25519Signer(key);
            case HS256 -> throw new IllegalArgumentException("HS256 has no private key");
        };
    }

    /** A key of its own, so that addresses say nothing about the key that signs, and the other way round. */
    private static SecretKeySpec addressKey(byte[] secret) {
        return new SecretKeySpec(hmac(new SecretKeySpec(secret, "HmacSHA256"), ADDRESS_KEY_LABEL), "HmacSHA256");
    }

    private static byte[] hmac(SecretKeySpec key, String text) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(key);
            return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has HmacSHA256", e);
        }
    }
}
