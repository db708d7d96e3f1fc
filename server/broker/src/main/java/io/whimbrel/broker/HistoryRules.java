package io.whimbrel.broker;

import io.whimbrel.model.Topic;
import io.whimbrel.model.TopicPattern;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * How much of which topic is kept: addresses all alike, other topics as the first pattern that fits says, or not at all.
 * All nodes of one system must have the same rules.
 */
public record HistoryRules(Retention addresses, List<Rule> rules) {
    public static final HistoryRules NONE = new HistoryRules(Retention.NONE, List.of());

    /** When none are set. */
    public static final HistoryRules DEFAULT = new HistoryRules(new Retention(100, Duration.ofHours(24)), List.of());

    /** What the topics of a pattern keep. */
    public record Rule(TopicPattern topics, Retention retention) {}

    public HistoryRules {
        rules = List.copyOf(rules);
    }

    /**
     * Reads {@code 100/24h}, or {@code none}, for addresses, and entries like {@code news.*=50/1h} for topics.
     *
     * @param duration reads a time as settings have it
     * @throws IllegalArgumentException with a sentence for the operator
     */
    public static HistoryRules parse(String addresses, List<String> topics, Function<String, Duration> duration) {
        List<Rule> rules = new ArrayList<>();
        for (String entry : topics) {
            int split = entry.lastIndexOf('=');
            if (split <= 0) {
                throw wrong("history.topics", entry, "topic=number/time", null);
            }
            Retention retention = retention("history.topics", entry.substring(split + 1), duration);
            rules.add(new Rule(new TopicPattern(entry.substring(0, split).strip()), retention));
        }
        return new HistoryRules(retention("history.addresses", addresses, duration), rules);
    }

    private static Retention retention(String setting, String text, Function<String, Duration> duration) {
        String stripped = text.strip();
        if (stripped.equals("none")) {
            return Retention.NONE;
        }
        int slash = stripped.indexOf('/');
        try {
            int publications =
                    Integer.parseInt(stripped.substring(0, Math.max(0, slash)).strip());
            return new Retention(
                    publications, duration.apply(stripped.substring(slash + 1).strip()));
        } catch (IllegalArgumentException e) {
            throw wrong(setting, stripped, "number/time, such as 100/24h, or none", e);
        }
    }

    private static IllegalArgumentException wrong(
            String setting, String entry, String form, @org.jspecify.annotations.Nullable Throwable cause) {
        return new IllegalArgumentException("%s has \"%s\", but must have %s".formatted(setting, entry, form), cause);
    }

    public Retention of(Topic topic) {
        if (topic.isReserved()) {
            return addresses;
        }
        for (Rule rule : rules) {
            if (rule.topics().fits(topic)) {
                return rule.retention();
            }
        }
        return Retention.NONE;
    }
}
