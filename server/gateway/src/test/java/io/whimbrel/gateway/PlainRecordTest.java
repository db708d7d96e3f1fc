package io.whimbrel.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.model.PublicationId;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PlainRecordTest {
    @Test
    void readsWhatTheOriginalPublishes() {
        PlainRecord record = read("{\"uuid_remote\":\"r\",\"uuid_local\":\"l\",\"message\":\"hi\"}")
                .orElseThrow();

        assertThat(record.recipient()).isEqualTo("r");
        assertThat(record.sender()).isEqualTo("l");
        assertThat(record.message()).asString(UTF_8).isEqualTo("\"hi\"");
        assertThat(record.own()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"\"é\\u00e9\\\"😀\"", "17", "-1.50E+3", "null", "true", "{ \"a\" : [1, {}] ,\n\"a\":2}", "[]"})
    void takesTheMessageByteForByteWhereverItStands(String message) {
        PlainRecord last =
                read("{\"uuid_remote\":\"r\",\"message\": " + message + " }").orElseThrow();
        PlainRecord first =
                read("{ \"message\" :" + message + ",\"uuid_remote\":\"r\"}").orElseThrow();

        assertThat(last.message()).asString(UTF_8).isEqualTo(message);
        assertThat(first.message()).asString(UTF_8).isEqualTo(message);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "null",
                "[]",
                "{",
                "{}",
                "{\"uuid_remote\":\"r\"}",
                "{\"message\":1}",
                "{\"uuid_remote\":{},\"message\":1}",
                "{\"uuid_remote\":\"r\",\"message\":1}x",
                "{\"uuid_remote\":\"r\",\"message\":1,}",
                "{\"uuid_remote\":\"r\",\"message\":01}",
                "{\"uuid_remote\":\"r\",\"message\":\"\t\"}",
                "{\"uuid_remote\":\"r\",\"message\":1",
                "{\0\"\0"
            })
    void isNothingElse(String text) {
        assertThat(read(text)).isEmpty();
    }

    @Test
    void isNothingThatIsNotUtf8() {
        byte[] bytes = "{\"uuid_remote\":\"r\",\"message\":\"?\"}".getBytes(UTF_8);
        bytes[bytes.length - 3] = (byte) 0xFF;

        assertThat(PlainRecord.read(bytes)).isEmpty();
    }

    @Test
    void keepsItsOwnIdAndElseGetsOneFromItsBytes() {
        byte[] named = "{\"uuid_remote\":\"r\",\"message\":1,\"id\":\"order-7\"}".getBytes(UTF_8);
        byte[] unusable = "{\"uuid_remote\":\"r\",\"message\":1,\"id\":\"a\\\"b\"}".getBytes(UTF_8);

        assertThat(PlainRecord.read(named).orElseThrow().named(named).id()).isEqualTo("order-7");
        assertThat(PlainRecord.read(unusable).orElseThrow().named(unusable).id())
                .isEqualTo(PublicationId.ofBytes(unusable));
    }

    @Test
    void knowsWhatOurOwnWebServersSent() {
        assertThat(read("{\"uuid_remote\":\"r\",\"message\":1,\"whimbrel\":\"id\"}")
                        .orElseThrow()
                        .own())
                .isTrue();
    }

    private static Optional<PlainRecord> read(String text) {
        return PlainRecord.read(text.getBytes(UTF_8));
    }
}
