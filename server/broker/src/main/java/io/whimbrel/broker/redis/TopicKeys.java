package io.whimbrel.broker.redis;

import io.whimbrel.broker.IdempotencyKey;
import io.whimbrel.model.Topic;

/** The names in Redis that belong to one topic. In a cluster the braces place all of them by the topic. */
final class TopicKeys {
    private static final char ESCAPE = '~';

    private TopicKeys() {}

    /** The pub/sub channel its publications go through. */
    static String channel(String prefix, Topic topic) {
        return prefix + ":{" + tag(topic.name()) + '}';
    }

    /** Nobody who chooses a topic's name chooses where the braces end, and with it the place in a cluster. */
    private static String tag(String name) {
        return name.indexOf('}') < 0 && name.indexOf(ESCAPE) < 0
                ? name
                : name.replace("~", "~0").replace("}", "~1");
    }

    /** A hash: {@code e}, the epoch, {@code o}, the offset of its newest publication, and {@code c}, the cursor. */
    static String meta(String prefix, Topic topic) {
        return channel(prefix, topic) + ":m";
    }

    /** A stream of its last publications, whose ids are {@code <offset>-0} and whose field {@code m} is an {@link Envelope}. */
    static String stream(String prefix, Topic topic) {
        return channel(prefix, topic) + ":s";
    }

    /** A list of the ids of its publications that were traced, the newest last. */
    static String traced(String prefix, Topic topic) {
        return channel(prefix, topic) + ":i";
    }

    /** What became of the first publication with an idempotency key, as {@link FirstAnswer} writes it; gone after the key's time. */
    static String firstAnswer(String prefix, Topic topic, IdempotencyKey key) {
        return channel(prefix, topic) + ":k:" + key.digest();
    }
}
