package io.whimbrel.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNoException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.whimbrel.broker.Receipts.Count;
import io.whimbrel.model.Topic;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReceiptTest {
    @Test
    void addsUpWhatNodesCounted() {
        Receipt receipt = new Receipt(
                new Topic("birds"),
                null,
                2,
                null,
                List.of(new Count("id", "one", null, 5, 3, 1), new Count("id", "other", null, 7, 7, 7)));

        assertThat(List.of(receipt.sessions(), receipt.written(), receipt.acked()))
                .containsExactly(12, 10, 8);
    }

    @Test
    void aNodesNameMayHave64Characters() {
        assertThatNoException().isThrownBy(() -> new Count("id", "x".repeat(64), null, 1, 1, 1));
        assertThatThrownBy(() -> new Count("id", "x".repeat(65), null, 1, 1, 1))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "two words", "line\nbreak", "é"})
    void aCountThatCouldNotBeReadBackIsRefused(String name) {
        assertThatThrownBy(() -> new Count("id", name, null, 1, 1, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Count(name, "node", null, 1, 1, 1)).isInstanceOf(IllegalArgumentException.class);
    }
}
