package io.whimbrel.load;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.jspecify.annotations.Nullable;

/**
 * Reads a server's frames, laid end to end and cut anywhere. Of a message only the first bytes are looked at, for its
 * stamp, and the last ones where positions are wanted; the rest is passed over. Called on one event loop.
 */
final class FrameReader {
    /** How far into a payload a stamp is looked for; a control frame (125 bytes at most) fits whole. */
    static final int LOOK_BYTES = 384;

    private static final int MAX_HEADER_BYTES = 10;
    private static final int CONTINUATION = 0;
    private static final int BINARY = 2;
    private static final int CLOSE = 8;
    private static final int PING = 9;
    private static final int PONG = 10;
    private static final int MAX_CONTROL_BYTES = 125;
    static final int NO_STATUS = 1005;
    private static final long NO_STAMP = -1;

    private final FrameSink sink;

    /** Null where nobody wants positions. */
    private final @Nullable FrameTail tail;

    /** The begun head of a frame whose end has not come yet. */
    private byte @Nullable [] begun;

    private int begunBytes;
    private long remaining;
    private boolean last;
    private boolean inMessage;
    private long dueNanos = NO_STAMP;
    private int number;

    /** Where the last stamp was found; the next one usually is there too. */
    private int stampOffset;

    private boolean broken;

    /** @param positions whether the sink is told them, which costs a little for each message */
    FrameReader(FrameSink sink, boolean positions) {
        this.sink = sink;
        tail = positions ? new FrameTail() : null;
    }

    /** Reads all of it. */
    void read(ByteBuf in) {
        while (in.isReadable() && !broken) {
            if (remaining > 0) {
                int skipped = (int) Math.min(remaining, in.readableBytes());
                keep(in, in.readerIndex(), skipped);
                in.skipBytes(skipped);
                remaining -= skipped;
                if (remaining == 0) {
                    endFrame();
                }
            } else if (begun != null) {
                goOn(in, begun);
            } else {
                begin(in);
            }
        }
    }

    private void begin(ByteBuf in) {
        int at = in.readerIndex();
        int there = in.readableBytes();
        int needed = neededBytes(in, at, there);
        if (needed > there) {
            begun = new byte[MAX_HEADER_BYTES + LOOK_BYTES];
            begunBytes = there;
            in.readBytes(begun, 0, there);
            return;
        }
        long frameBytes = onHead(in, at, at + there);
        int skipped = (int) Math.min(frameBytes, there);
        in.skipBytes(skipped);
        advance(frameBytes - skipped);
    }

    private void goOn(ByteBuf in, byte[] head) {
        ByteBuf view = Unpooled.wrappedBuffer(head);
        int needed = neededBytes(view, 0, begunBytes);
        int taken = Math.min(needed - begunBytes, in.readableBytes());
        in.readBytes(head, begunBytes, taken);
        begunBytes += taken;
        if (begunBytes < needed || neededBytes(view, 0, begunBytes) > begunBytes) {
            return;
        }
        int headBytes = begunBytes;
        begun = null;
        begunBytes = 0;
        advance(onHead(view, 0, headBytes) - headBytes);
    }

    /** How many bytes of a frame must be there before it is looked at; grows as more of its header is known. */
    private static int neededBytes(ByteBuf in, int at, int there) {
        if (there < 2) {
            return 2;
        }
        int headerBytes = headerBytes(in.getByte(at + 1) & 0x7F);
        if (there < headerBytes) {
            return headerBytes;
        }
        return headerBytes + (int) Math.min(Math.max(payloadBytes(in, at), 0), LOOK_BYTES);
    }

    private static int headerBytes(int length7) {
        return switch (length7) {
            case 126 -> 4;
            case 127 -> MAX_HEADER_BYTES;
            default -> 2;
        };
    }

    private static long payloadBytes(ByteBuf in, int at) {
        int length7 = in.getByte(at + 1) & 0x7F;
        return switch (length7) {
            case 126 -> in.getUnsignedShort(at + 2);
            case 127 -> in.getLong(at + 2);
            default -> length7;
        };
    }

    /** Looks at a frame whose first bytes are there, up to {@code end}; answers its whole length. */
    private long onHead(ByteBuf in, int at, int end) {
        int first = in.getByte(at);
        int second = in.getByte(at + 1);
        int opcode = first & 0x0F;
        long length = payloadBytes(in, at);
        int payloadAt = at + headerBytes(second & 0x7F);
        last = (first & 0x80) != 0;
        if ((first & 0x70) != 0 || (second & 0x80) != 0 || length < 0) {
            breakOff("reserved bits, a mask or an impossible length in a server's frame");
            return 0;
        }
        if (opcode >= CLOSE) {
            return onControl(in, opcode, payloadAt, length) ? payloadAt - at + length : 0;
        }
        if (opcode > BINARY || (opcode == CONTINUATION) != inMessage) {
            breakOff("a frame of type " + opcode + " where none may be");
            return 0;
        }
        if (opcode != CONTINUATION) {
            inMessage = true;
            readStamp(in, payloadAt, payloadAt + (int) Math.min(length, LOOK_BYTES));
            if (tail != null) {
                tail.clear();
            }
        }
        keep(in, payloadAt, (int) Math.min(length, end - payloadAt));
        return payloadAt - at + length;
    }

    private void keep(ByteBuf in, int at, int count) {
        if (tail != null) {
            tail.push(in, at, count);
        }
    }

    private void readStamp(ByteBuf in, int from, int end) {
        int found = from + stampOffset;
        if (!Stamp.isAt(in, found, end)) {
            found = Stamp.find(in, from, end);
        }
        if (found < 0) {
            dueNanos = NO_STAMP;
            return;
        }
        stampOffset = found - from;
        dueNanos = Stamp.dueNanos(in, found);
        number = Stamp.number(in, found);
    }

    private boolean onControl(ByteBuf in, int opcode, int payloadAt, long length) {
        if (length > MAX_CONTROL_BYTES || !last) {
            breakOff("a control frame that is too long or in pieces");
            return false;
        }
        switch (opcode) {
            case CLOSE -> sink.onClose(length < 2 ? NO_STATUS : in.getUnsignedShort(payloadAt));
            case PING -> sink.onPing(in, payloadAt, (int) length);
            case PONG -> {}
            default -> {
                breakOff("a control frame of the unknown type " + opcode);
                return false;
            }
        }
        last = false; // it may stand between the pieces of a message and does not end it
        return true;
    }

    /** Nothing of the rest means anything; it is not read. */
    private void breakOff(String what) {
        broken = true;
        sink.onViolation(what);
    }

    private void advance(long rest) {
        if (broken) {
            return;
        }
        remaining = rest;
        if (rest == 0) {
            endFrame();
        }
    }

    private void endFrame() {
        if (!last || !inMessage) {
            return;
        }
        inMessage = false;
        Position position = tail == null ? null : tail.position();
        if (dueNanos != NO_STAMP) {
            sink.onMessage(dueNanos, number, position);
        } else if (position != null && tail != null && tail.isNotice()) {
            sink.onNotRecovered(position);
        } else {
            sink.onForeignMessage(position);
        }
    }
}
