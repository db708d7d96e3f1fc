package io.whimbrel.gateway;

import io.whimbrel.model.Topic;
import io.whimbrel.model.TopicPattern;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Which {@link OutboxRule} a topic has: that of the first pattern that fits, else {@link OutboxRule#DISCONNECT}.
 * Addresses always have {@code DISCONNECT}.
 */
public record OutboxRules(List<Pattern> patterns) {
    public static final OutboxRules NONE = new OutboxRules(List.of());

    /** What the topics of a pattern have. */
    public record Pattern(TopicPattern topics, OutboxRule rule) {}

    public OutboxRules {
        patterns = List.copyOf(patterns);
    }

    /**
     * Reads entries like {@code prices.*=latest}.
     *
     * @throws IllegalArgumentException with a sentence for the operator
     */
    public static OutboxRules parse(List<String> entries) {
        List<Pattern> patterns = new ArrayList<>();
        for (String entry : entries) {
            int split = entry.lastIndexOf('=');
            if (split <= 0) {
                throw wrong(entry);
            }
            String rule = entry.substring(split + 1).strip();
            patterns.add(new Pattern(
                    new TopicPattern(entry.substring(0, split).strip()),
                    switch (rule.toLowerCase(Locale.ROOT)) {
                        case "disconnect" -> OutboxRule.DISCONNECT;
                        case "drop-oldest" -> OutboxRule.DROP_OLDEST;
                        case "latest" -> OutboxRule.LATEST;
                        default -> throw wrong(entry);
                    }));
        }
        return new OutboxRules(patterns);
    }

    private static IllegalArgumentException wrong(String entry) {
        return new IllegalArgumentException(
                "gateway.outbox.rules has \"%s\", but must have topic=rule, where rule is disconnect, drop-oldest or latest"
                        .formatted(entry));
    }

    OutboxRule of(Topic topic) {
        if (patterns.isEmpty() || topic.address().isPresent()) {
            return OutboxRule.DISCONNECT;
        }
        return patterns.stream()
                .filter(pattern -> pattern.topics().fits(topic))
                .findFirst()
                .map(Pattern::rule)
                .orElse(OutboxRule.DISCONNECT);
    }
}
