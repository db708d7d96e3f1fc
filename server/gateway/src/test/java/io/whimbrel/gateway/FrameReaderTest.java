package io.whimbrel.gateway;

import static io.whimbrel.gateway.ClientFrames.BINARY;
import static io.whimbrel.gateway.ClientFrames.CLOSE;
import static io.whimbrel.gateway.ClientFrames.FIN;
import static io.whimbrel.gateway.ClientFrames.PING;
import static io.whimbrel.gateway.ClientFrames.PONG;
import static io.whimbrel.gateway.ClientFrames.RSV1;
import static io.whimbrel.gateway.ClientFrames.TEXT;
import static io.whimbrel.gateway.ClientFrames.concat;
import static io.whimbrel.gateway.ClientFrames.frame;
import static io.whimbrel.gateway.ClientFrames.text;
import static io.whimbrel.gateway.ClientFrames.unmasked;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.whimbrel.model.Disconnect;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class FrameReaderTest {
    private static final int MAX_MESSAGE = 100_000;

    private final Recorder recorder = new Recorder();

    @Test
    void readsEveryKindOfFrameWhereverTheBytesAreSplit() {
        byte[] conversation = concat(
                text("hé"),
                frame(TEXT, "in ".getBytes(UTF_8)),
                frame(FIN | PING, "between".getBytes(UTF_8)),
                frame(0, "three ".getBytes(UTF_8)),
                frame(FIN, "parts".getBytes(UTF_8)),
                frame(FIN | BINARY, new byte[0]),
                frame(FIN | TEXT, "x".repeat(70_000).getBytes(UTF_8)),
                frame(FIN | PONG, new byte[0]),
                frame(FIN | CLOSE, new byte[] {3, (byte) 0xE8}));
        List<String> whole = read(conversation);

        for (int split = 0; split <= conversation.length; split += split < 200 ? 1 : 997) {
            assertThat(read(
                            java.util.Arrays.copyOf(conversation, split),
                            java.util.Arrays.copyOfRange(conversation, split, conversation.length)))
                    .as("split at %d", split)
                    .isEqualTo(whole);
        }
        assertThat(whole)
                .containsExactly(
                        "text hé",
                        "ping between",
                        "text in three parts",
                        "binary ",
                        "text " + "x".repeat(70_000),
                        "pong",
                        "close 03e8");
    }

    @Test
    void readsOneByteAtATime() {
        byte[] conversation = concat(frame(FIN | PING, new byte[125]), text("é".repeat(100)));
        byte[][] bytes = new byte[conversation.length][];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = new byte[] {conversation[i]};
        }

        assertThat(read(bytes)).hasSize(2).element(1).isEqualTo("text " + "é".repeat(100));
    }

    static Stream<Arguments> violations() {
        return Stream.of(
                argumentSet("not masked", unmasked(FIN | TEXT, new byte[1]), Disconnect.PROTOCOL_ERROR),
                argumentSet(
                        "RSV1 without compression", frame(FIN | RSV1 | TEXT, new byte[1]), Disconnect.PROTOCOL_ERROR),
                argumentSet("RSV2", frame(FIN | 0x20 | TEXT, new byte[1]), Disconnect.PROTOCOL_ERROR),
                argumentSet("RSV3", frame(FIN | 0x10 | TEXT, new byte[1]), Disconnect.PROTOCOL_ERROR),
                argumentSet("opcode 3", frame(FIN | 3, new byte[1]), Disconnect.PROTOCOL_ERROR),
                argumentSet("opcode 11", frame(FIN | 11, new byte[1]), Disconnect.PROTOCOL_ERROR),
                argumentSet("ping in fragments", frame(PING, new byte[1]), Disconnect.PROTOCOL_ERROR),
                argumentSet("ping of 126 bytes", frame(FIN | PING, new byte[126]), Disconnect.PROTOCOL_ERROR),
                argumentSet("close of 126 bytes", frame(FIN | CLOSE, new byte[126]), Disconnect.PROTOCOL_ERROR),
                argumentSet("continuation of nothing", frame(FIN, new byte[1]), Disconnect.PROTOCOL_ERROR),
                argumentSet(
                        "text within a message",
                        concat(frame(TEXT, new byte[1]), frame(FIN | TEXT, new byte[1])),
                        Disconnect.PROTOCOL_ERROR),
                argumentSet("16 bits for 125", frame(FIN | TEXT, 2, 125, new byte[125]), Disconnect.PROTOCOL_ERROR),
                argumentSet("64 bits for 65535", frame(FIN | TEXT, 8, 65535, new byte[9]), Disconnect.PROTOCOL_ERROR),
                argumentSet("negative length", frame(FIN | TEXT, 8, -1, new byte[9]), Disconnect.PROTOCOL_ERROR),
                argumentSet("1 GiB", frame(FIN | TEXT, 8, 1L << 30, new byte[0]), Disconnect.MESSAGE_TOO_BIG),
                argumentSet("8 EiB", frame(FIN | TEXT, 8, Long.MAX_VALUE, new byte[0]), Disconnect.MESSAGE_TOO_BIG),
                argumentSet(
                        "too big in the sum",
                        concat(frame(TEXT, new byte[60_000]), frame(0, new byte[60_000])),
                        Disconnect.MESSAGE_TOO_BIG));
    }

    @ParameterizedTest
    @MethodSource("violations")
    void aViolationIsToldOnceAndEndsTheReading(byte[] bytes, Disconnect reason) {
        byte[] more = concat(bytes, text("never read"), frame(FIN | CLOSE, new byte[0]));

        assertThat(read(more)).endsWith("violation " + reason).doesNotContain("text never read");
    }

    @Test
    void nothingIsReadAfterAClose() {
        assertThat(read(frame(FIN | CLOSE, new byte[0]), text("late"), frame(FIN | 3, new byte[0])))
                .containsExactly("close ");
    }

    @Test
    void marksCompressedMessagesWhereCompressionIsAllowed() {
        FrameReader reader = new FrameReader(recorder, MAX_MESSAGE, true);

        reader.read(Unpooled.wrappedBuffer(frame(FIN | RSV1 | TEXT, new byte[] {'z'})));
        reader.read(Unpooled.wrappedBuffer(frame(RSV1 | TEXT, new byte[] {'a'})));
        reader.read(Unpooled.wrappedBuffer(frame(FIN | RSV1, new byte[] {'b'})));

        assertThat(recorder.seen).containsExactly("text compressed z", "violation PROTOCOL_ERROR");
    }

    @Test
    void releasesWhatItReads() {
        FrameReader reader = new FrameReader(recorder, MAX_MESSAGE, false);
        ByteBuf half = Unpooled.buffer().writeBytes(text("hello"), 0, 3);
        ByteBuf other = Unpooled.buffer().writeBytes(text("hello"), 3, 8);

        reader.read(half);
        reader.read(other);
        reader.close();

        assertThat(half.refCnt()).isZero();
        assertThat(other.refCnt()).isZero();
        assertThat(recorder.seen).containsExactly("text hello");
    }

    private List<String> read(byte[]... pieces) {
        recorder.seen.clear();
        FrameReader reader = new FrameReader(recorder, MAX_MESSAGE, false);
        for (byte[] piece : pieces) {
            reader.read(Unpooled.copiedBuffer(piece));
        }
        reader.close();
        return List.copyOf(recorder.seen);
    }

    private static final class Recorder implements FrameReader.Sink {
        private final List<String> seen = new ArrayList<>();
        private final ByteArrayOutputStream message = new ByteArrayOutputStream();

        @Override
        public void onData(ByteBuf piece, boolean text, boolean compressed, boolean first, boolean last) {
            if (first) {
                message.reset();
            }
            message.writeBytes(ByteBufUtil.getBytes(piece));
            if (last) {
                seen.add((text ? "text " : "binary ") + (compressed ? "compressed " : "") + message.toString(UTF_8));
            }
        }

        @Override
        public void onPing(ByteBuf payload) {
            seen.add("ping " + payload.toString(UTF_8));
        }

        @Override
        public void onPong() {
            seen.add("pong");
        }

        @Override
        public void onClose(ByteBuf payload) {
            seen.add("close " + ByteBufUtil.hexDump(payload));
        }

        @Override
        public void onViolation(Disconnect reason) {
            seen.add("violation " + reason);
        }
    }
}
