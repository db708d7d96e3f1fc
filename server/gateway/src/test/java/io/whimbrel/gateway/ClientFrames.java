package io.whimbrel.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;

/** Frames as a client sends them, right and wrong ones. */
final class ClientFrames {
    static final int FIN = 0x80;
    static final int RSV1 = 0x40;
    static final int TEXT = 1;
    static final int BINARY = 2;
    static final int CLOSE = 8;
    static final int PING = 9;
    static final int PONG = 10;

    private static final int KEY = 0x12345678;

    private ClientFrames() {}

    static byte[] text(String text) {
        return frame(FIN | TEXT, text.getBytes(UTF_8));
    }

    static byte[] ping(String text) {
        return frame(FIN | PING, text.getBytes(UTF_8));
    }

    static byte[] close(int code, String reason) {
        ByteBuf payload = Unpooled.buffer().writeShort(code).writeBytes(reason.getBytes(UTF_8));
        return frame(FIN | CLOSE, ByteBufUtil.getBytes(payload));
    }

    /** A masked frame with the shortest form of its length. */
    static byte[] frame(int firstByte, byte[] payload) {
        int length = payload.length;
        return frame(firstByte, length < 126 ? 0 : length < 65536 ? 2 : 8, length, payload);
    }

    /** A masked frame that claims a length, in a chosen form (0, 2 or 8 extra bytes). */
    static byte[] frame(int firstByte, int lengthBytes, long claimedLength, byte[] payload) {
        ByteBuf out = Unpooled.buffer().writeByte(firstByte);
        switch (lengthBytes) {
            case 0 -> out.writeByte(0x80 | (int) claimedLength);
            case 2 -> out.writeByte(0x80 | 126).writeShort((int) claimedLength);
            default -> out.writeByte(0x80 | 127).writeLong(claimedLength);
        }
        out.writeInt(KEY);
        for (int i = 0; i < payload.length; i++) {
            out.writeByte(payload[i] ^ (KEY >>> (24 - 8 * (i & 3))));
        }
        return ByteBufUtil.getBytes(out);
    }

    static byte[] unmasked(int firstByte, byte[] payload) {
        return ByteBufUtil.getBytes(
                Unpooled.buffer().writeByte(firstByte).writeByte(payload.length).writeBytes(payload));
    }

    static byte[] concat(byte[]... parts) {
        return ByteBufUtil.getBytes(Unpooled.wrappedBuffer(parts));
    }
}
