package io.whimbrel.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class HopTest {
    @ParameterizedTest
    @EnumSource(Outcome.class)
    void knowsItsOutcomeByTheWords(Outcome outcome) {
        Hop hop = new Hop(1, "web@host:5000/abcd", outcome, "");

        assertThat(hop.is(outcome)).isTrue();
        assertThat(hop.what()).isEqualTo(outcome.words());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "two words", "ümlaut", "tab\t"})
    void aNodesNameIsVisibleAscii(String node) {
        assertThatThrownBy(() -> new Hop(1, node, "what", "")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void lengthsAndControlCharactersAreLimited() {
        assertThatThrownBy(() -> new Hop(1, "x".repeat(65), "what", "")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Hop(1, "node", "", "")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Hop(1, "node", "x".repeat(65), "")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Hop(1, "node", "a\tb", "")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Hop(1, "node", "what", "a\nb")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Hop(1, "node", "what", "x".repeat(201)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void timesAreMicroseconds() {
        assertThat(Hop.micros(Instant.parse("1970-01-01T00:00:02.000003999Z"))).isEqualTo(2_000_003);
    }
}
