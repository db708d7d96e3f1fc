package io.whimbrel.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TraceParentTest {
    private static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
    private static final String SPAN = "00f067aa0ba902b7";
    private static final String WHOLE = "00-" + TRACE + "-" + SPAN + "-01";

    @Test
    void itsPartsAreRead() {
        TraceParent read = TraceParent.parse(WHOLE).orElseThrow();

        assertThat(read).isEqualTo(new TraceParent(TRACE, SPAN, TraceParent.SAMPLED));
        assertThat(read.isSampled()).isTrue();
        assertThat(read).hasToString(WHOLE);
    }

    @ParameterizedTest
    @CsvSource({"00,false", "01,true", "02,false", "03,true", "0f,true", "10,false", "fe,false", "ff,true"})
    void flagsOfOurVersionGoOnAsTheyCame(String flags, boolean sampled) {
        String text = "00-" + TRACE + "-" + SPAN + "-" + flags;

        TraceParent read = TraceParent.parse(text).orElseThrow();

        assertThat(read.isSampled()).isEqualTo(sampled);
        assertThat(read).hasToString(text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-", "-what comes later", "-01-\u00fc"})
    void ofALaterVersionTheFirstFourFieldsCount(String more) {
        String text = "cc-" + TRACE + "-" + SPAN + "-03" + more;

        assertThat(TraceParent.parse(text)).hasValue(new TraceParent(TRACE, SPAN, TraceParent.SAMPLED));
    }

    @Test
    void anyPieceOfOneIsNone() {
        for (int end = 0; end < WHOLE.length(); end++) {
            assertThat(TraceParent.parse(WHOLE.substring(0, end))).as("%d", end).isEmpty();
        }
    }

    @Test
    void aWrongCharacterAnywhereMakesItNone() {
        for (char wrong : "g-G A/:`\0\u00e4\uff11\ud83d".toCharArray()) {
            for (int i = 0; i < WHOLE.length(); i++) {
                if (WHOLE.charAt(i) != wrong) {
                    String text = WHOLE.substring(0, i) + wrong + WHOLE.substring(i + 1);
                    assertThat(TraceParent.parse(text)).as(text).isEmpty();
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                "00-4BF92F3577B34DA6A3CE929D0E0E4736-00F067AA0BA902B7-01",
                "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-011",
                "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-011",
                "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.more",
                " 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\n",
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01 t=1",
            })
    void whatIsNoneIsIgnored(String text) {
        assertThat(TraceParent.parse(text)).isEmpty();
    }

    @Test
    void aWrongOneCannotExist() {
        assertThatThrownBy(() -> new TraceParent(TRACE, "0000000000000000", 1))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new TraceParent(SPAN, SPAN, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new TraceParent(TRACE, SPAN, 256)).isInstanceOf(IllegalArgumentException.class);
    }
}
