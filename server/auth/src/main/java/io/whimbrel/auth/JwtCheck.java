package io.whimbrel.auth;

import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jwt.SignedJWT;
import java.text.ParseException;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Checks JWTs: form, signature, rules, in this order, so that nobody learns anything from a token nobody signed. With
 * a shared secret the answer is there at once (5 us); with other keys signatures are checked on threads of its own.
 * Safe for any thread; never blocks.
 */
final class JwtCheck implements AutoCloseable {
    private static final CompletionStage<JwtOutcome> REFUSED =
            CompletableFuture.completedStage(new JwtOutcome.Refused());

    private final JwtRules rules;
    private final InstantSource clock;
    /** Whether every answer is there at once. */
    private final boolean immediate;

    private final KeyFinder keys;
    private final BoundedPool pool;

    JwtCheck(KeySource source, JwtRules rules, VerificationLimits limits, InstantSource clock) {
        this.rules = rules;
        this.clock = clock;
        immediate = source instanceof KeySource.SharedSecret;
        keys = switch (source) {
            case KeySource.SharedSecret shared -> FixedKeys.of(shared);
            case KeySource.PrivateKeyFile file ->
                FixedKeys.of(
                        KeySource.PrivateKeyFile.SETTING, KeyFiles.read(file).getPublic());
            case KeySource.PublicKeyFile file -> FixedKeys.of(file.setting(), KeyFiles.read(file));
            case KeySource.JwksUrl address -> new JwksKeys(address, limits);
        };
        pool = new BoundedPool("auth-signatures", limits.threads(), limits.waiting());
    }

    /** Never fails. */
    CompletionStage<JwtOutcome> check(String text) {
        Optional<SignedJWT> parsed = parse(text);
        if (parsed.isEmpty()) {
            return REFUSED;
        }
        SignedJWT token = parsed.get();
        if (keys instanceof FixedKeys(List<VerificationKey> secrets) && immediate) {
            return CompletableFuture.completedStage(judge(token, secrets));
        }
        return keys.find(token.getHeader()).thenCompose(answer -> switch (answer) {
            case KeyFinder.Answer.Keys(List<VerificationKey> candidates) ->
                pool.submit(() -> judge(token, candidates), JwtOutcome.Undecided::new);
            case KeyFinder.Answer.Away(String why) -> CompletableFuture.completedStage(new JwtOutcome.Undecided(why));
        });
    }

    @Override
    public void close() {
        keys.close();
        pool.close();
    }

    private Optional<SignedJWT> parse(String text) {
        if (text.length() > rules.maxLength() || !isCompact(text)) {
            return Optional.empty();
        }
        try {
            SignedJWT token = SignedJWT.parse(text);
            return isAcceptable(token.getHeader()) ? Optional.of(token) : Optional.empty();
        } catch (ParseException | RuntimeException _) {
            return Optional.empty(); // Whatever the parser stumbled over, it was not a token.
        }
    }

    /** Three parts of base64url. Nimbus passes over other characters, and a token would have many spellings. */
    private static boolean isCompact(String text) {
        int dots = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean base64 =
                    (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
            if (c == '.') {
                dots++;
            } else if (!base64) {
                return false;
            }
        }
        return dots == 2;
    }

    /** No extension is understood here, so a token that insists on one is refused (RFC 7515 §4.1.11). */
    private boolean isAcceptable(JWSHeader header) {
        return rules.algorithms().contains(header.getAlgorithm())
                && header.getCriticalParams() == null
                && header.isBase64URLEncodePayload();
    }

    private JwtOutcome judge(SignedJWT token, List<VerificationKey> candidates) {
        if (candidates.stream().noneMatch(key -> key.verifies(token))) {
            return new JwtOutcome.Refused();
        }
        try {
            return rules.judge(token.getJWTClaimsSet(), clock.instant());
        } catch (ParseException _) {
            return new JwtOutcome.Refused(); // signed, but by somebody who writes other claims than we read
        }
    }
}
