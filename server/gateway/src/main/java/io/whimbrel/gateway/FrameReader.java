package io.whimbrel.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.whimbrel.model.Disconnect;
import org.jspecify.annotations.Nullable;

/**
 * Reads what a client sends as frames of RFC 6455 §5. Data is passed on as it comes, unmasked in place, and never
 * gathered; between two reads it keeps at most one incomplete header or control frame. After the first violation, or a
 * Close frame, it ignores everything. Used on one thread.
 */
final class FrameReader {
    /** Receives what was read. The buffers are lent for the call and hold nothing but the payload. */
    interface Sink {
        /**
         * A piece of a data message.
         *
         * @param first whether a message begins with this piece
         * @param last whether it ends with it
         */
        void onData(ByteBuf piece, boolean text, boolean compressed, boolean first, boolean last);

        void onPing(ByteBuf payload);

        void onPong();

        void onClose(ByteBuf payload);

        /** The client broke the protocol; nothing more will be read. */
        void onViolation(Disconnect reason);
    }

    static final int MAX_CONTROL_PAYLOAD = 125;

    private static final int CONTINUATION = 0x0;
    private static final int TEXT = 0x1;
    private static final int BINARY = 0x2;
    private static final int CLOSE = 0x8;
    private static final int PING = 0x9;
    private static final int PONG = 0xA;

    private final Sink sink;
    private final int maxMessageBytes;
    private final boolean compressionAllowed;

    /** An incomplete header or control frame of the last read; at most 139 bytes. */
    private @Nullable ByteBuf rest;

    private boolean finished;

    /** What is still missing of the data frame being read. */
    private int payloadMissing;

    private int mask;
    private boolean lastFrame;

    /** The message whose frames are being read. */
    private boolean inMessage;

    private boolean atMessageStart;
    private boolean text;
    private boolean compressed;
    private int messageBytes;

    FrameReader(Sink sink, int maxMessageBytes, boolean compressionAllowed) {
        this.sink = sink;
        this.maxMessageBytes = maxMessageBytes;
        this.compressionAllowed = compressionAllowed;
    }

    /** Reads everything there is and releases it. */
    void read(ByteBuf bytes) {
        ByteBuf in = withRest(bytes);
        try {
            while (!finished && in.isReadable()) {
                if (payloadMissing > 0) {
                    readPayload(in);
                } else if (!readFrame(in)) {
                    rest = Unpooled.copiedBuffer(in);
                    return;
                }
            }
        } finally {
            in.release();
        }
    }

    /** Forgets what is incomplete. */
    void close() {
        finished = true;
        if (rest != null) {
            rest.release();
            rest = null;
        }
    }

    private ByteBuf withRest(ByteBuf bytes) {
        ByteBuf before = rest;
        if (before == null) {
            return bytes;
        }
        rest = null;
        return Unpooled.wrappedBuffer(before, bytes);
    }

    /** Reads a frame's header, and the payload of a control frame; false when bytes are missing for it. */
    private boolean readFrame(ByteBuf in) {
        if (in.readableBytes() < 2) {
            return false;
        }
        int start = in.readerIndex();
        int first = in.getUnsignedByte(start);
        int second = in.getUnsignedByte(start + 1);
        int opcode = first & 0x0F;
        boolean control = opcode >= CLOSE;
        if (!isAcceptable(first, second, opcode, control)) {
            return violated(Disconnect.PROTOCOL_ERROR);
        }

        int length7 = second & 0x7F;
        int lengthBytes = length7 == 126 ? 2 : length7 == 127 ? 8 : 0;
        int headerBytes = 2 + lengthBytes + 4;
        if (in.readableBytes() < headerBytes) {
            return false;
        }
        long length = switch (lengthBytes) {
            case 2 -> in.getUnsignedShort(start + 2);
            case 8 -> in.getLong(start + 2);
            default -> length7;
        };
        // The shortest form of the length is required, and the highest bit of the longest must be 0 (§5.2).
        if ((lengthBytes == 2 && length < 126) || (lengthBytes == 8 && length < 0x10000)) {
            return violated(Disconnect.PROTOCOL_ERROR);
        }

        int key = in.getInt(start + headerBytes - 4);
        if (control) {
            return readControl(in, headerBytes, (int) length, key, opcode);
        }
        in.skipBytes(headerBytes);
        return beginData(first, opcode, length, key);
    }

    private boolean isAcceptable(int first, int second, int opcode, boolean control) {
        boolean fin = (first & 0x80) != 0;
        boolean rsv1 = (first & 0x40) != 0;
        boolean masked = (second & 0x80) != 0;
        if ((first & 0x30) != 0 || !masked) {
            return false;
        }
        if (rsv1 && (!compressionAllowed || control || opcode == CONTINUATION)) {
            return false;
        }
        return switch (opcode) {
            case CONTINUATION -> inMessage;
            case TEXT, BINARY -> !inMessage;
            case CLOSE, PING, PONG -> fin && (second & 0x7F) <= MAX_CONTROL_PAYLOAD;
            default -> false;
        };
    }

    private boolean readControl(ByteBuf in, int headerBytes, int length, int key, int opcode) {
        if (in.readableBytes() < headerBytes + length) {
            return false;
        }
        in.skipBytes(headerBytes);
        ByteBuf payload = in.readSlice(length);
        unmask(payload, key);
        switch (opcode) {
            case PING -> sink.onPing(payload);
            case PONG -> sink.onPong();
            default -> {
                finished = true;
                sink.onClose(payload);
            }
        }
        return true;
    }

    private boolean beginData(int first, int opcode, long length, int key) {
        if (opcode != CONTINUATION) {
            inMessage = true;
            atMessageStart = true;
            text = opcode == TEXT;
            compressed = (first & 0x40) != 0;
            messageBytes = 0;
        }
        if (length > maxMessageBytes - messageBytes) {
            return violated(Disconnect.MESSAGE_TOO_BIG);
        }
        messageBytes += (int) length;
        payloadMissing = (int) length;
        mask = key;
        lastFrame = (first & 0x80) != 0;
        if (payloadMissing == 0) {
            pass(Unpooled.EMPTY_BUFFER);
        }
        return true;
    }

    private void readPayload(ByteBuf in) {
        int available = Math.min(payloadMissing, in.readableBytes());
        ByteBuf piece = in.readSlice(available);
        unmask(piece, mask);
        mask = Integer.rotateLeft(mask, 8 * (available & 3));
        payloadMissing -= available;
        pass(piece);
    }

    private void pass(ByteBuf piece) {
        boolean first = atMessageStart;
        boolean last = lastFrame && payloadMissing == 0;
        atMessageStart = false;
        inMessage = !last;
        sink.onData(piece, text, compressed, first, last);
    }

    private static void unmask(ByteBuf payload, int key) {
        int i = payload.readerIndex();
        int end = payload.writerIndex();
        for (; i + 4 <= end; i += 4) {
            payload.setInt(i, payload.getInt(i) ^ key);
        }
        for (int shift = 24; i < end; i++, shift -= 8) {
            payload.setByte(i, payload.getByte(i) ^ (key >>> shift));
        }
    }

    private boolean violated(Disconnect reason) {
        finished = true;
        sink.onViolation(reason);
        return true;
    }
}
