package io.whimbrel.load;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.util.AsciiString;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A WebSocket handshake of RFC 6455 §4.1 and its answer, cut anywhere. Called on one event loop. */
final class ClientHandshake {
    private static final int MAX_ANSWER_BYTES = 8 * 1024;
    private static final int STATUS_AT = 9;

    /** One key for all connections: it guards against caches, of which there are none between two ends of a test. */
    private static final String KEY = "d2hpbWJyZWwgYmVuY2ghIQ==";

    private static final String ACCEPT = accept(KEY);
    private static final int UPGRADED = 101;

    private final StringBuilder answer = new StringBuilder();

    /**
     * The token goes as Bearer, so that no access log has it.
     *
     * @param since where the client stands; null where it does not know
     */
    static void writeRequest(ByteBuf out, Endpoint gateway, AsciiString token, @Nullable Position since) {
        ByteBufUtil.writeAscii(
                out,
                "GET " + path(gateway, since) + " HTTP/1.1\r\nHost: " + gateway.authority()
                        + "\r\n"
                        + "Upgrade: websocket\r\n"
                        + "Connection: Upgrade\r\n"
                        + "Sec-WebSocket-Version: 13\r\n"
                        + "Sec-WebSocket-Key: "
                        + KEY + "\r\nAuthorization: Bearer ");
        ByteBufUtil.writeAscii(out, token);
        ByteBufUtil.writeAscii(out, "\r\n\r\n");
    }

    private static String path(Endpoint gateway, @Nullable Position since) {
        String path = gateway.path();
        if (since == null) {
            return path;
        }
        return "%s%soffset=%d&epoch=%s".formatted(path, path.contains("?") ? "&" : "?", since.offset(), since.epoch());
    }

    private static String accept(String key) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-1")
                    .digest((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").getBytes(StandardCharsets.ISO_8859_1));
            return Base64.getEncoder().encodeToString(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-1", e);
        }
    }

    /** Reads up to the end of the answer's head; what follows are frames. True when the head is complete. */
    boolean read(ByteBuf in) {
        while (in.isReadable() && answer.length() < MAX_ANSWER_BYTES) {
            char next = (char) in.readUnsignedByte();
            answer.append(next);
            if (next == '\n' && endsTheHead()) {
                return true;
            }
        }
        return answer.length() >= MAX_ANSWER_BYTES;
    }

    private boolean endsTheHead() {
        int length = answer.length();
        return length >= 4 && answer.charAt(length - 3) == '\n' && answer.charAt(length - 2) == '\r';
    }

    /** Why there is no WebSocket after a complete head; null where there is one. */
    @Nullable
    String refusal() {
        if (answer.length() < STATUS_AT + 3 || !answer.substring(0, 5).equals("HTTP/")) {
            return "no HTTP answer";
        }
        String status = answer.substring(STATUS_AT, STATUS_AT + 3);
        if (!status.equals(Integer.toString(UPGRADED))) {
            return "HTTP " + status;
        }
        for (String line : answer.toString().split("\r\n")) {
            int colon = line.indexOf(':');
            if (colon > 0
                    && line.substring(0, colon).toLowerCase(Locale.ROOT).equals("sec-websocket-accept")
                    && line.substring(colon + 1).strip().equals(ACCEPT)) {
                return null;
            }
        }
        return "a wrong Sec-WebSocket-Accept";
    }
}
