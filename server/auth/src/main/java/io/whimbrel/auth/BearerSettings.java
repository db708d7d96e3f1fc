package io.whimbrel.auth;

/**
 * Whose tokens an identity provider's users show.
 *
 * @param key settings {@code auth.bearer.secret}, {@code auth.bearer.public-key} or {@code auth.bearer.jwks-url}
 * @param issuer setting {@code auth.bearer.issuer}: the claim {@code iss} must be this; empty accepts any
 * @param audience setting {@code auth.bearer.audience}: the claim {@code aud} must hold this; empty accepts any
 * @param maxTopics setting {@code auth.topics.max}: topics the claim {@code topics} may name
 */
public record BearerSettings(KeySource key, String issuer, String audience, int maxTopics, VerificationLimits limits) {
    public BearerSettings {
        TopicsClaim.requireCount(maxTopics);
    }

    public static BearerSettings withDefaults(KeySource key, String issuer, String audience) {
        return new BearerSettings(key, issuer, audience, TopicsClaim.DEFAULT_MAX_TOPICS, VerificationLimits.DEFAULT);
    }
}
