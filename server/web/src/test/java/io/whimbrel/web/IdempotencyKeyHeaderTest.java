package io.whimbrel.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.whimbrel.model.ClientError;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class IdempotencyKeyHeaderTest {
    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '|',
            value = {
                "\"8e03978e-40d5-43e8-bc93-6894a57f9324\", 8e03978e-40d5-43e8-bc93-6894a57f9324",
                "8e03978e-40d5-43e8-bc93-6894a57f9324, 8e03978e-40d5-43e8-bc93-6894a57f9324",
                "\"a\", a",
                "a, a",
                "\"\\\"\", \"",
                "\"\\\\\", \\",
                "\"a\\\\\\\"b\", a\\\"b",
                "a\"b, a\"b",
                "a\\b, a\\b",
                "!~, !~",
            })
    void quotesMayBeLeftOut(String header, String key) {
        assertThat(IdempotencyKeyHeader.parse(header)).isEqualTo(key);
    }

    @Test
    void longestKeyIsTaken() {
        String longest = "k".repeat(255);

        assertThat(IdempotencyKeyHeader.parse(longest)).isEqualTo(longest);
        assertThat(IdempotencyKeyHeader.parse('"' + longest + '"')).isEqualTo(longest);
        assertRefused(longest + "k");
        assertRefused('"' + longest + "k\"");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "a b",
                "a, b",
                "a\tb",
                "ä",
                "\u007f",
                "\"",
                "\"\"",
                "\"a",
                "\"a b\"",
                "\"a\"b",
                "\"a\", \"a\"",
                "\"a\";p=1",
                "\"\\",
                "\"\\\"",
                "\"\\a\"",
                "\"a\"\"",
                "\"ä\"",
            })
    void whatIsNoKeyIsRefused(String header) {
        assertRefused(header);
    }

    private static void assertRefused(String header) {
        assertThatThrownBy(() -> IdempotencyKeyHeader.parse(header))
                .isInstanceOfSatisfying(
                        Refusal.class,
                        refusal -> assertThat(refusal.problem().error()).isEqualTo(ClientError.MALFORMED_REQUEST));
    }
}
