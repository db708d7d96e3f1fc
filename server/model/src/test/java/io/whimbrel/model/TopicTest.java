package io.whimbrel.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TopicTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "a",
                "news",
                "room:17/blue sky",
                "birds of {the} shore ✓",
                "{}",
                "mail@example.org",
                "\"quoted\\\"",
                "😀",
                " ",
                "~%*?[]",
            })
    void anyTextIsATopic(String name) {
        assertThat(Topic.parse(name)).hasValue(new Topic(name));
        assertThat(new Topic(name).isReserved()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "}",
                "}news",
                "a\nb",
                "a\u0000",
                "\u007f",
                "a\u0085b",
                "\uD83D",
                "a\uD83Db",
                "\uDE00a",
                "\uD83D\uD83D\uDE00",
                "\uDE00\uD83D",
            })
    void whatCannotBeWrittenEverywhereIsNone(String name) {
        assertThat(Topic.parse(name)).isEmpty();
        assertThatThrownBy(() -> new Topic(name)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void nameHasALimit() {
        assertThat(Topic.parse("x".repeat(255))).isPresent();
        assertThat(Topic.parse("x".repeat(256))).isEmpty();
        assertThatThrownBy(() -> new Topic("x".repeat(256))).hasMessageContaining("1 to 255 characters");
    }

    @Test
    void strangersNameNoTopicOfAnAddress() {
        Address address = Address.random();

        assertThat(Topic.parse("@" + address)).isEmpty();
        assertThat(Topic.parse("@anything")).isEmpty();
        assertThat(Topic.of(address).isReserved()).isTrue();
        assertThat(Topic.of(address).address()).hasValue(address);
    }
}
