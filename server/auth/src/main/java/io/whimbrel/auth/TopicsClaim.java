package io.whimbrel.auth;

import io.whimbrel.model.Topic;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads the claim {@code topics}: which topics its bearer may receive besides its address, as a JSON array of names. A
 * claim with anything wrong in it counts for nothing as a whole, since whoever signed it meant something else.
 *
 * @param maxTopics setting {@code auth.topics.max}: topics one token may name
 */
record TopicsClaim(int maxTopics) {
    static final String NAME = "topics";
    static final int DEFAULT_MAX_TOPICS = 100;

    /** As JSON, all names together: so that a token with them still fits into {@link JwtRules#MAX_OWN_LENGTH}. */
    static final int MAX_JSON_BYTES = 3 * 1024;

    private static final int MOST = 1_000;

    TopicsClaim {
        requireCount(maxTopics);
    }

    /** For settings records, so that they cannot hold what this class would refuse. */
    static void requireCount(int maxTopics) {
        if (maxTopics < 0 || maxTopics > MOST) {
            throw new IllegalArgumentException("auth.topics.max is %d; it may be 0 to %d".formatted(maxTopics, MOST));
        }
    }

    /**
     * The topics, each once, in their order; empty where the claim is wrong.
     *
     * @param claim as a JSON parser made it; null where there is none, which means no topics
     */
    Optional<List<Topic>> read(@Nullable Object claim) {
        return switch (claim) {
            case null -> Optional.of(List.of());
            case List<?> names when names.size() <= maxTopics -> read(names);
            default -> Optional.empty();
        };
    }

    private static Optional<List<Topic>> read(List<?> names) {
        Set<Topic> topics = new LinkedHashSet<>();
        int jsonBytes = 0;
        for (Object name : names) {
            Optional<Topic> topic = name instanceof String text ? Topic.parse(text) : Optional.empty();
            if (topic.isEmpty()) {
                return Optional.empty();
            }
            topics.add(topic.get());
            jsonBytes += jsonBytes(topic.get());
        }
        return jsonBytes <= MAX_JSON_BYTES ? Optional.of(List.copyOf(topics)) : Optional.empty();
    }

    /** In the claim: quotes and comma, and whatever a writer of JSON may escape written long. */
    private static int jsonBytes(Topic topic) {
        int bytes = 3;
        String name = topic.name();
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (c == '"' || c == '\\' || c == '/') {
                bytes += 2;
            } else if (c < 0x80) {
                bytes++;
            } else {
                bytes += c == '\u2028' || c == '\u2029' ? 6 : c < 0x800 || Character.isSurrogate(c) ? 2 : 3;
            }
        }
        return bytes;
    }
}
