package io.whimbrel.gateway;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.whimbrel.model.Disconnect;

/** Writes frames of RFC 6455 §5.2 as a server sends them: whole and unmasked. Pure functions. */
final class Frames {
    private static final int FINAL_TEXT = 0x81;
    private static final int FINAL_CLOSE = 0x88;
    private static final int FINAL_PING = 0x89;
    private static final int FINAL_PONG = 0x8A;
    private static final int COMPRESSED = 0x40;

    private static final ByteBuf EMPTY_PING = Unpooled.unreleasableBuffer(
            Unpooled.directBuffer(2, 2).writeByte(FINAL_PING).writeByte(0));

    private Frames() {}

    /** The bytes a header in front of a payload of that length takes. */
    static int headerLength(int payloadLength) {
        return payloadLength < 126 ? 2 : payloadLength < 0x10000 ? 4 : 10;
    }

    static void writeTextHeader(ByteBuf out, int payloadLength, boolean compressed) {
        out.writeByte(compressed ? FINAL_TEXT | COMPRESSED : FINAL_TEXT);
        if (payloadLength < 126) {
            out.writeByte(payloadLength);
        } else if (payloadLength < 0x10000) {
            out.writeByte(126).writeShort(payloadLength);
        } else {
            out.writeByte(127).writeLong(payloadLength);
        }
    }

    /** How many text frames end within the first so many bytes, control frames in between not counted. */
    static int textFramesWithin(ByteBuf frames, int firstBytes) {
        int end = frames.readerIndex() + firstBytes;
        int count = 0;
        for (int at = frames.readerIndex(); at + 2 <= end; ) {
            int opcode = frames.getUnsignedByte(at) & ~COMPRESSED;
            int length = frames.getUnsignedByte(at + 1);
            int header = length < 126 ? 2 : length == 126 ? 4 : 10;
            if (at + header > end) {
                return count;
            }
            long payload =
                    length < 126 ? length : length == 126 ? frames.getUnsignedShort(at + 2) : frames.getLong(at + 2);
            if (payload > end - at - header) {
                return count;
            }
            at += header + (int) payload;
            count += opcode == FINAL_TEXT ? 1 : 0;
        }
        return count;
    }

    static ByteBuf ping() {
        return EMPTY_PING.duplicate();
    }

    /** @param payload at most 125 bytes, copied */
    static ByteBuf pong(ByteBuf payload) {
        int length = payload.readableBytes();
        return Unpooled.buffer(2 + length, 2 + length)
                .writeByte(FINAL_PONG)
                .writeByte(length)
                .writeBytes(payload, payload.readerIndex(), length);
    }

    static ByteBuf close(Disconnect reason) {
        byte[] text = reason.reason().getBytes(US_ASCII);
        return close(reason.code(), text.length).writeBytes(text);
    }

    /** The answer to a Close frame of the client: its code without its words (§5.5.1). */
    static ByteBuf close(int code) {
        return close(code, 0);
    }

    /** The answer to a Close frame without a code. */
    static ByteBuf closeWithoutCode() {
        return Unpooled.buffer(2, 2).writeByte(FINAL_CLOSE).writeByte(0);
    }

    private static ByteBuf close(int code, int textLength) {
        return Unpooled.buffer(4 + textLength, 4 + textLength)
                .writeByte(FINAL_CLOSE)
                .writeByte(2 + textLength)
                .writeShort(code);
    }
}
