package io.whimbrel.gateway;

import static io.whimbrel.gateway.Deflation.Inflated.NOT_DEFLATE;
import static io.whimbrel.gateway.Deflation.Inflated.NOT_UTF8;
import static io.whimbrel.gateway.Deflation.Inflated.TOO_BIG;
import static io.whimbrel.gateway.Deflation.Inflated.VALID;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DeflationTest {
    private static final String PLAIN_ANSWER =
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

    private final Deflation deflation = new Deflation();

    @AfterEach
    void close() {
        deflation.close();
    }

    /** The example of RFC 7692 §7.2.3.1. */
    @Test
    void writesTheExampleOfTheRfc() {
        ByteBuf out = Unpooled.buffer();

        deflation.deflate("Hello".getBytes(UTF_8), out);

        assertThat(io.netty.buffer.ByteBufUtil.hexDump(out)).isEqualTo("f248cdc9c90700");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 100, 8_191, 8_192, 8_193, 65_536, 300_000})
    void readsWhatItWroteOfAnySize(int size) {
        byte[] noise = new byte[size];
        new Random(size).nextBytes(noise);
        ByteBuf out = Unpooled.buffer();

        deflation.deflate(noise, out);

        assertThat(deflation.inflate(out, false, size)).isEqualTo(VALID);
    }

    @Test
    void tellsWhatIsWrongWithAMessage() {
        assertThat(deflation.inflate(Unpooled.wrappedBuffer(new byte[] {(byte) 0xFF, 1, 2}), false, 100))
                .isEqualTo(NOT_DEFLATE);
        assertThat(deflation.inflate(deflated(new byte[10_000_000]), false, 65_536))
                .isEqualTo(TOO_BIG);
        assertThat(deflation.inflate(deflated(new byte[] {(byte) 0xC0, (byte) 0x80}), true, 100))
                .isEqualTo(NOT_UTF8);
        assertThat(deflation.inflate(deflated(new byte[] {(byte) 0xC3}), true, 100))
                .isEqualTo(NOT_UTF8);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "permessage-deflate | ",
                "permessage-deflate; client_max_window_bits | ",
                "PerMessage-Deflate; client_max_window_bits=12; client_no_context_takeover | ",
                "x-webkit-deflate-frame, permessage-deflate | ",
                "permessage-deflate; server_max_window_bits=15 | ; server_max_window_bits=15",
                "permessage-deflate; server_max_window_bits=\"15\" | ; server_max_window_bits=15",
                "permessage-deflate; server_max_window_bits=10, permessage-deflate | ",
            })
    void acceptsTheFirstOfferItCanKeep(String offer, String extra) {
        assertThat(Deflation.negotiate(new DefaultHttpHeaders().add("Sec-WebSocket-Extensions", offer)))
                .isEqualTo(PLAIN_ANSWER + (extra == null ? "" : extra));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "x-deflate",
                "permessage-deflate; unknown",
                "permessage-deflate; server_max_window_bits=9",
                "permessage-deflate; server_max_window_bits",
                "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
                ";;,,=,"
            })
    void declinesTheRest(String offer) {
        assertThat(Deflation.negotiate(new DefaultHttpHeaders().add("Sec-WebSocket-Extensions", offer)))
                .isEmpty();
    }

    private ByteBuf deflated(byte[] bytes) {
        ByteBuf out = Unpooled.buffer();
        deflation.deflate(bytes, out);
        return out;
    }
}
