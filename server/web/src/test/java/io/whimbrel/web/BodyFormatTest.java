package io.whimbrel.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BodyFormatTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "application/json",
                "Application/JSON; charset=utf-8",
                "application/json;charset=\"UTF-8\"",
                "application/json ; x=y",
                "application/json;",
            })
    void jsonIsRecognized(String type) {
        assertThat(BodyFormat.of(type, null)).isEqualTo(BodyFormat.JSON);
        assertThat(BodyFormat.of(type, "identity")).isEqualTo(BodyFormat.JSON);
    }

    @Test
    void formIsRecognizedAndNothingIsTakenForJson() {
        assertThat(BodyFormat.of("application/x-www-form-urlencoded;charset=UTF-8", null))
                .isEqualTo(BodyFormat.FORM);
        assertThat(BodyFormat.of(null, null)).isEqualTo(BodyFormat.JSON);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "text/plain",
                "text/json",
                "application/jsonx",
                "application/json, text/plain",
                "multipart/form-data; boundary=x",
                "application/json; charset=utf-16",
                "application/json; x=y; CHARSET=latin1",
                "application/x-www-form-urlencoded; charset=iso-8859-1",
            })
    void otherTypesAreRefused(String type) {
        assertThatThrownBy(() -> BodyFormat.of(type, null)).isInstanceOf(Refusal.class);
    }

    @Test
    void compressionIsRefused() {
        assertThatThrownBy(() -> BodyFormat.of("application/json", "gzip")).isInstanceOf(Refusal.class);
    }
}
