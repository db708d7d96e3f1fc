package io.whimbrel.load;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;

/**
 * Reads HTTP/1.1 answers, one after the other, cut anywhere. An answer must say its {@code Content-Length}; ours always
 * do. Called on one event loop.
 */
final class HttpAnswer {
    private static final int MAX_BYTES = 64 * 1024;
    private static final int FIRST_BYTES = 1_024;
    private static final int STATUS_AT = 9;
    private static final String LENGTH = "\r\ncontent-length:";

    private byte[] bytes = new byte[FIRST_BYTES];
    private int count;
    private int status;
    private int bodyAt;
    private int bodyBytes;

    /** Takes what belongs to this answer; true when it is complete, and then {@link #next} must come before more. */
    boolean read(ByteBuf in) {
        while (in.isReadable()) {
            int taken = Math.min(in.readableBytes(), wanted());
            makeRoom(taken);
            in.readBytes(bytes, count, taken);
            int before = count;
            count += taken;
            if (bodyAt == 0 && !findHead(before)) {
                continue;
            }
            int surplus = count - bodyAt - bodyBytes;
            if (surplus >= 0) {
                in.readerIndex(in.readerIndex() - surplus);
                count -= surplus;
                return true;
            }
        }
        return false;
    }

    private int wanted() {
        return bodyAt == 0 ? MAX_BYTES : bodyAt + bodyBytes - count;
    }

    private void makeRoom(int more) {
        if (count + more > MAX_BYTES) {
            throw new IllegalArgumentException("an answer of more than %d bytes".formatted(MAX_BYTES));
        }
        if (count + more > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.min(MAX_BYTES, (count + more) * 2));
        }
    }

    private boolean findHead(int before) {
        for (int at = Math.max(0, before - 3); at + 4 <= count; at++) {
            if (bytes[at] == '\r' && bytes[at + 1] == '\n' && bytes[at + 2] == '\r' && bytes[at + 3] == '\n') {
                readHead(at);
                bodyAt = at + 4;
                return true;
            }
        }
        return false;
    }

    private void readHead(int end) {
        if (end < STATUS_AT + 3 || !new String(bytes, 0, 5, StandardCharsets.ISO_8859_1).equals("HTTP/")) {
            throw new IllegalArgumentException("an answer that is not HTTP");
        }
        status = (bytes[STATUS_AT] - '0') * 100 + (bytes[STATUS_AT + 1] - '0') * 10 + bytes[STATUS_AT + 2] - '0';
        String head = new String(bytes, 0, end, StandardCharsets.ISO_8859_1).toLowerCase(Locale.ROOT) + "\r\n";
        int found = head.indexOf(LENGTH);
        if (found < 0 && status != 204) {
            throw new IllegalArgumentException("an answer without Content-Length");
        }
        bodyBytes = found < 0 ? 0 : length(head, found + LENGTH.length());
        if (bodyBytes > MAX_BYTES) {
            throw new IllegalArgumentException("an answer of more than %d bytes".formatted(MAX_BYTES));
        }
    }

    private static int length(String head, int from) {
        String text = head.substring(from, head.indexOf("\r\n", from)).strip();
        try {
            return Integer.parseUnsignedInt(text);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("an answer whose Content-Length is no number", e);
        }
    }

    int status() {
        return status;
    }

    String body() {
        return new String(bytes, bodyAt, bodyBytes, StandardCharsets.UTF_8);
    }

    /** Forgets the answer that was read. */
    void next() {
        count = 0;
        bodyAt = 0;
        bodyBytes = 0;
        status = 0;
    }
}
