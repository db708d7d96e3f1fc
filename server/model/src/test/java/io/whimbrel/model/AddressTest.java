package io.whimbrel.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AddressTest {
    @Test
    void isReadInAnyCaseAndWrittenInLowerCase() {
        assertThat(Address.parse("6F1C2B3A-0000-4000-8000-00000000000A"))
                .map(Address::toString)
                .hasValue("6f1c2b3a-0000-4000-8000-00000000000a");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "1-1-1-1-1", // UUID.fromString takes this
                "6f1c2b3a-0000-4000-8000-00000000000",
                "6f1c2b3a-0000-4000-8000-00000000000ab",
                "6f1c2b3a00000-4000-8000-00000000000a",
                "6f1c2b3a-0000-4000-8000-0000000000\u0660a",
                "{6f1c2b3a-0000-4000-8000-0000000000a}"
            })
    void isNothingElse(String text) {
        assertThat(Address.parse(text)).isEmpty();
    }

    @Test
    void ownsATopicThatLeadsBackToIt() {
        Address address = Address.random();

        assertThat(Topic.of(address).address()).hasValue(address);
        assertThat(new Topic("news").address()).isEmpty();
    }
}
