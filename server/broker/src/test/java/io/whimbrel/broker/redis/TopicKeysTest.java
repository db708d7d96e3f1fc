package io.whimbrel.broker.redis;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.lettuce.core.cluster.SlotHash;
import io.whimbrel.broker.IdempotencyKey;
import io.whimbrel.model.Topic;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever a topic is called, its own names are in one place of a cluster, and nobody else's. */
class TopicKeysTest {
    private static final String PREFIX = "test";
    private static final IdempotencyKey KEY = IdempotencyKey.of("sender", "key", new byte[0], Duration.ofMinutes(5));

    /** A topic's name does not begin with a closing brace, so that one is not among them. */
    private static List<String> awkward() {
        return List.of(
                "{", "{}", "{a}", "{{a}}", "{a", "{a}b", "{}}", "a", "a}", "a}b", "a{b", "a{}b", "a{b}c", "a}{b}",
                "a~b", "a~", "a~1", "a~1b", "a~0", "a~0b", "a~01b", "~", "~}", "~1", "~0");
    }

    @ParameterizedTest
    @MethodSource("awkward")
    void allNamesOfATopicShareASlot(String name) {
        Topic topic = new Topic(name);
        int slot = SlotHash.getSlot(TopicKeys.channel(PREFIX, topic));

        assertThat(List.of(
                        TopicKeys.meta(PREFIX, topic),
                        TopicKeys.stream(PREFIX, topic),
                        TopicKeys.traced(PREFIX, topic),
                        TopicKeys.firstAnswer(PREFIX, topic, KEY)))
                .allSatisfy(key -> assertThat(SlotHash.getSlot(key)).isEqualTo(slot));
    }

    /** What Redis places a name by is between its first opening brace and the first closing one behind. */
    @ParameterizedTest
    @MethodSource("awkward")
    void whatPlacesATopicIsAllOfItsName(String name) {
        String channel = TopicKeys.channel(PREFIX, new Topic(name));

        assertThat(channel).startsWith(PREFIX + ":{");
        assertThat(channel.indexOf('}')).isEqualTo(channel.length() - 1);
        String tag = channel.substring(PREFIX.length() + 2, channel.length() - 1);
        assertThat(tag).isNotEmpty();
        assertThat(SlotHash.getSlot(channel)).isEqualTo(SlotHash.getSlot(tag.getBytes(UTF_8)));
    }

    @Test
    void differentTopicsHaveDifferentChannels() {
        Set<String> channels = awkward().stream()
                .map(name -> TopicKeys.channel(PREFIX, new Topic(name)))
                .collect(Collectors.toSet());

        assertThat(channels).hasSameSizeAs(awkward());
    }

    @Test
    void aBraceDoesNotPutATopicBesideAnother() {
        int slot = SlotHash.getSlot(TopicKeys.channel(PREFIX, new Topic("a")));

        assertThat(List.of("a}", "a}b", "a}{b}"))
                .allSatisfy(name -> assertThat(SlotHash.getSlot(TopicKeys.channel(PREFIX, new Topic(name))))
                        .isNotEqualTo(slot));
    }
}
