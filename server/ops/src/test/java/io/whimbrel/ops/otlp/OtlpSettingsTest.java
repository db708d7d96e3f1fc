package io.whimbrel.ops.otlp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class OtlpSettingsTest {
    private static final String FINE = "http://localhost:4318/v1/traces";

    @Test
    void headersAreNamesAndValues() {
        OtlpSettings settings = OtlpSettings.of(FINE, List.of("authorization=Basic eDp5=", " x-team = red "), 0.5, 10);

        assertThat(settings.headers())
                .containsEntry("authorization", "Basic eDp5=")
                .containsEntry("x-team", "red");
        assertThat(settings.toString()).doesNotContain("eDp5").contains("2 headers");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        localhost:4318/v1/traces       | must begin with http:// or https://
        grpc://localhost:4317/x        | must begin with http:// or https://
        http:///v1/traces              | must begin with http:// or https://
        http://localhost:99999/v1      | must begin with http:// or https://
        http://localhost:4318          | without a path
        https://localhost:4318/        | without a path
        http://me:hunter2@host/v1      | may not hold a user name or password
        http://me:hunter2@ho st/v1     | is no address
        mailto:me                      | must begin with http:// or https://
        """)
    void whatIsNoEndpointIsSaid(String endpoint, String sentence) {
        assertThatThrownBy(() -> OtlpSettings.of(endpoint, List.of(), 0, 10))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("otlp.endpoint ")
                .hasMessageContaining(sentence)
                .hasMessageNotContaining("hunter2");
    }

    @ParameterizedTest
    @ValueSource(strings = {"secret", "=secret", "na me=secret", "x=sec\nret", "host=secret", "content-length=5secret"})
    void whatIsNoHeaderIsSaidWithoutShowingIt(String header) {
        assertThatThrownBy(() -> OtlpSettings.of(FINE, List.of(header), 0, 10))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("otlp.headers is (hidden), but ")
                .hasMessageNotContaining("ret");
    }

    @Test
    void numbersHaveTheirRange() {
        assertThatThrownBy(() -> OtlpSettings.of(FINE, List.of(), 1.5, 10)).hasMessageContaining("otlp.sample is 1.5");
        assertThatThrownBy(() -> OtlpSettings.of(FINE, List.of(), Double.NaN, 10))
                .hasMessageContaining("otlp.sample is NaN");
        assertThatThrownBy(() -> OtlpSettings.of(FINE, List.of(), 0, 0)).hasMessageContaining("otlp.max-spans is 0");
    }
}
