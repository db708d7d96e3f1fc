package io.whimbrel.model;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class PublicationIdTest {
    @Test
    void sortsByTime() {
        String earlier = PublicationId.next(1_700_000_000_000L);
        String later = PublicationId.next(1_700_000_000_001L);

        assertThat(earlier).isLessThan(later);
        assertThat(UUID.fromString(earlier).version()).isEqualTo(7);
        assertThat(UUID.fromString(earlier).variant()).isEqualTo(2);
    }

    @Test
    void aClockThatStandsStillOrJumpsBackNamesNothingTwice() {
        long now = 1_700_000_000_000L;
        Set<String> ids = new HashSet<>();

        for (int i = 0; i < 100_000; i++) {
            ids.add(PublicationId.next(i % 2 == 0 ? now : now - 3_600_000));
        }

        assertThat(ids).hasSize(100_000).allMatch(PublicationId::isValid);
    }

    @Test
    void isTheSameForTheSameBytes() {
        String one = PublicationId.ofBytes("{\"a\":1}".getBytes(UTF_8));

        assertThat(PublicationId.ofBytes("{\"a\":1}".getBytes(UTF_8))).isEqualTo(one);
        assertThat(PublicationId.ofBytes("{\"a\":2}".getBytes(UTF_8))).isNotEqualTo(one);
        assertThat(UUID.fromString(one).version()).isEqualTo(8);
        assertThat(UUID.fromString(one).variant()).isEqualTo(2);
    }

    @Test
    void holdsNothingThatWouldNeedEscapingInJson() {
        assertThat(PublicationId.isValid("order:17/a")).isTrue();
        assertThat(PublicationId.isValid("")).isFalse();
        assertThat(PublicationId.isValid("a b")).isFalse();
        assertThat(PublicationId.isValid("a\"b")).isFalse();
        assertThat(PublicationId.isValid("a\\b")).isFalse();
        assertThat(PublicationId.isValid("é")).isFalse();
        assertThat(PublicationId.isValid("x".repeat(129))).isFalse();
    }
}
