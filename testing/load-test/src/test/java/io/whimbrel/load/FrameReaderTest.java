package io.whimbrel.load;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Frames as a server lays them end to end, cut at every byte, and bytes that are none. */
class FrameReaderTest {
    private final Heard heard = new Heard();
    private final FrameReader reader = new FrameReader(heard, false);

    @Test
    void readsFramesLaidEndToEndWhereverTheyAreCut() {
        ByteBuf all = Unpooled.buffer();
        message(all, 123_456_789_012L, 7, 20);
        frame(all, 0x89, "ping".getBytes(StandardCharsets.US_ASCII));
        message(all, 5, 99_999_999, 300);
        frame(all, 0x81, "{\"message\":\"of somebody else\"}".getBytes(StandardCharsets.US_ASCII));
        message(all, 9_999_999_999_999_999L, 0, 70_000);
        frame(all, 0x88, new byte[] {0x0B, (byte) 0xB9, 'b', 'y', 'e'});

        for (int cut = 0; cut <= Math.min(all.readableBytes(), 1_000); cut++) {
            assertThat(read(all, cut))
                    .as("cut at %d", cut)
                    .containsExactly(
                            "message 123456789012 7",
                            "ping ping",
                            "message 5 99999999",
                            "foreign",
                            "message 9999999999999999 0",
                            "close 3001");
        }
    }

    @Test
    void readsFramesThatComeByteByByte() {
        ByteBuf all = Unpooled.buffer();
        message(all, 1, 1, 0);
        message(all, 2, 2, 500);
        frame(all, 0x8A, new byte[0]);
        message(all, 3, 3, 70_000);

        while (all.isReadable()) {
            reader.read(all.readSlice(1));
        }

        assertThat(heard.all).containsExactly("message 1 1", "message 2 2", "message 3 3");
    }

    @Test
    void aMessageInPiecesIsOneMessageEvenAroundAPing() {
        ByteBuf stamp = Unpooled.buffer();
        Stamp.write(stamp, 42, 4);
        ByteBuf all = Unpooled.buffer();
        frame(all, 0x01, bytes(stamp));
        frame(all, 0x89, new byte[0]);
        frame(all, 0x00, new byte[10]);
        frame(all, 0x80, new byte[10]);

        reader.read(all);

        assertThat(heard.all).containsExactly("ping ", "message 42 4");
    }

    @Test
    void aMessageCountsWhenItsLastByteIsThere() {
        ByteBuf all = Unpooled.buffer();
        message(all, 1, 1, 1_000);
        ByteBuf allButOne = all.readSlice(all.readableBytes() - 1);

        reader.read(allButOne);

        assertThat(heard.all).isEmpty();
        reader.read(all);
        assertThat(heard.all).containsExactly("message 1 1");
    }

    @Test
    void findsTheStampWhereverItMovesTo() {
        ByteBuf all = Unpooled.buffer();
        for (String before : List.of("{\"message\":\"", "{\"topic\":\"news\",\"message\":\"", "", "T=T=00 N=1 ")) {
            ByteBuf payload = Unpooled.buffer();
            payload.writeCharSequence(before, StandardCharsets.US_ASCII);
            Stamp.write(payload, 10, 1);
            frame(all, 0x81, bytes(payload));
        }

        reader.read(all);

        assertThat(heard.all).hasSize(4).containsOnly("message 10 1");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "C100", // a reserved bit
                "818100000000AA", // masked
                "80", // a continuation of nothing, still without its length
                "8000", // a continuation of nothing
                "01008100", // a new message inside of one in pieces
                "897E0080", // a ping that is too long
                "0900", // a ping in pieces
                "8B00", // an unknown control frame
                "8300", // an unknown data frame
                "81FF8000000000000000", // masked and endless
                "817F8000000000000000" // a negative length
            })
    void whatIsNoFrameEndsTheReading(String hex) {
        ByteBuf all = Unpooled.wrappedBuffer(java.util.HexFormat.of().parseHex(hex));
        ByteBuf padding = Unpooled.buffer();
        message(padding, 1, 1, 500);

        reader.read(Unpooled.wrappedBuffer(all, padding));

        assertThat(heard.all).hasSize(1).allMatch(what -> what.startsWith("violation"));
    }

    @Test
    void readsPositionsAtTheEndWhereverTheyAreCut() {
        ByteBuf all = Unpooled.buffer();
        message(all, 1, 1, 20, ",\"offset\":7,\"epoch\":\"1z\"");
        text(all, "{\"recovered\":false,\"offset\":8,\"epoch\":\"2z\"}");
        message(all, 2, 2, 600, ",\"offset\":999999999999999,\"epoch\":\"" + "e".repeat(32) + "\"");
        frame(all, 0x89, "ping".getBytes(StandardCharsets.US_ASCII));
        message(all, 3, 3, 20, "");
        text(all, "{\"message\":1,\"offset\":9,\"epoch\":\"2z\"}");

        for (int cut = 0; cut <= all.readableBytes(); cut++) {
            assertThat(read(all, cut))
                    .as("cut at %d", cut)
                    .containsExactly(
                            "message 1 1 at 7 of 1z",
                            "not recovered at 8 of 2z",
                            "message 2 2 at 999999999999999 of " + "e".repeat(32),
                            "ping ping",
                            "message 3 3",
                            "foreign at 9 of 2z");
        }
    }

    @Test
    void aMessageInPiecesHasItsPositionInTheLast() {
        ByteBuf all = Unpooled.buffer();
        ByteBuf whole = Unpooled.buffer();
        message(whole, 1, 1, 300, ",\"offset\":7,\"epoch\":\"1z\"");
        byte[] payload = bytes(whole.skipBytes(4));
        int half = payload.length - 10; // within the position
        frame(all, 0x01, Arrays.copyOf(payload, half));
        frame(all, 0x80, Arrays.copyOfRange(payload, half, payload.length));

        assertThat(read(all, 3)).containsExactly("message 1 1 at 7 of 1z");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"offset\":7,\"epoch\":\"1z\"}",
                "{\"message\":1,\"offset\":7,\"epoch\":\"\"}",
                "{\"message\":1,\"offset\":-7,\"epoch\":\"1z\"}",
                "{\"message\":1,\"offset\":1234567890123456,\"epoch\":\"1z\"}",
                "{\"message\":1,\"offset\":7,\"epoch\":\"1 z\"}",
                "{\"message\":1,\"offset\":7,\"epoch\":\"1z\"} ",
                "{\"message\":\",\"offset\":7,\"epoch\":\"1z\"}\"}",
                ""
            })
    void whatIsNoPositionIsNone(String text) {
        ByteBuf all = Unpooled.buffer();
        text(all, text);

        assertThat(read(all, 0)).containsExactly("foreign");
    }

    @Test
    void onlyAWholeNoticeIsOne() {
        ByteBuf all = Unpooled.buffer();
        String notice = "{\"recovered\":false,\"offset\":7,\"epoch\":\"1z\"}";
        text(all, " " + notice);
        text(all, "x".repeat(200) + notice);

        assertThat(read(all, 0)).containsOnly("foreign at 7 of 1z").hasSize(2);
    }

    @Test
    void positionsThatNobodyWantsAreNotRead() {
        ByteBuf all = Unpooled.buffer();
        message(all, 1, 1, 20, ",\"offset\":7,\"epoch\":\"1z\"");

        reader.read(all);

        assertThat(heard.all).containsExactly("message 1 1");
    }

    private List<String> read(ByteBuf all, int cut) {
        Heard one = new Heard();
        FrameReader fresh = new FrameReader(one, true);
        fresh.read(all.slice(all.readerIndex(), cut));
        fresh.read(all.slice(all.readerIndex() + cut, all.readableBytes() - cut));
        return one.all;
    }

    private static void text(ByteBuf out, String text) {
        frame(out, 0x81, text.getBytes(StandardCharsets.US_ASCII));
    }

    private static void message(ByteBuf out, long dueNanos, int number, int padding) {
        message(out, dueNanos, number, padding, "");
    }

    private static void message(ByteBuf out, long dueNanos, int number, int padding, String more) {
        ByteBuf payload = Unpooled.buffer();
        payload.writeCharSequence("{\"message\":\"", StandardCharsets.US_ASCII);
        Stamp.write(payload, dueNanos, number);
        payload.writeCharSequence("x".repeat(padding) + "\"" + more + "}", StandardCharsets.US_ASCII);
        frame(out, 0x81, bytes(payload));
    }

    private static byte[] bytes(ByteBuf from) {
        byte[] bytes = new byte[from.readableBytes()];
        from.readBytes(bytes);
        return bytes;
    }

    private static void frame(ByteBuf out, int first, byte[] payload) {
        out.writeByte(first);
        if (payload.length < 126) {
            out.writeByte(payload.length);
        } else if (payload.length < 65_536) {
            out.writeByte(126).writeShort(payload.length);
        } else {
            out.writeByte(127).writeLong(payload.length);
        }
        out.writeBytes(payload);
    }

    private static final class Heard implements FrameSink {
        private final List<String> all = new ArrayList<>();

        @Override
        public void onMessage(long dueNanos, int number, @Nullable Position position) {
            all.add("message %d %d".formatted(dueNanos, number) + at(position));
        }

        @Override
        public void onForeignMessage(@Nullable Position position) {
            all.add("foreign" + at(position));
        }

        @Override
        public void onNotRecovered(Position position) {
            all.add("not recovered" + at(position));
        }

        private static String at(@Nullable Position position) {
            return position == null ? "" : " at %d of %s".formatted(position.offset(), position.epoch());
        }

        @Override
        public void onPing(ByteBuf bytes, int at, int length) {
            all.add("ping " + bytes.toString(at, length, StandardCharsets.US_ASCII));
        }

        @Override
        public void onClose(int code) {
            all.add("close " + code);
        }

        @Override
        public void onViolation(String what) {
            all.add("violation " + what);
        }
    }
}
