package io.whimbrel.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class DisconnectTest {
    @Test
    void rangeTellsWhetherToComeBack() {
        List<Disconnect> terminal =
                Stream.of(Disconnect.values()).filter(Disconnect::terminal).toList();

        assertThat(terminal)
                .containsExactly(
                        Disconnect.MESSAGE_TOO_BIG,
                        Disconnect.INVALID_TOKEN,
                        Disconnect.CONNECTION_LIMIT,
                        Disconnect.REVOKED);
    }

    @Test
    void reasonFitsACloseFrame() {
        assertThat(Disconnect.values())
                .allSatisfy(
                        disconnect -> assertThat(disconnect.reason()).isASCII().hasSizeLessThanOrEqualTo(123));
    }
}
