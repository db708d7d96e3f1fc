package io.whimbrel.gateway;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;

/** The few HTTP answers a gateway gives, as bytes: a codec object per connection would cost more than it does. */
final class HttpAnswers {
    /** RFC 6455 §1.3. */
    private static final String ACCEPT_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    private HttpAnswers() {}

    static ByteBuf switchingProtocols(UpgradeRequest.Reading.Accepted request) {
        StringBuilder text = new StringBuilder("HTTP/1.1 101 Switching Protocols\r\n")
                .append("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ")
                .append(acceptFor(request.key()))
                .append("\r\n");
        if (!request.subprotocol().isEmpty()) {
            text.append("Sec-WebSocket-Protocol: ")
                    .append(request.subprotocol())
                    .append("\r\n");
        }
        if (!request.extensions().isEmpty()) {
            text.append("Sec-WebSocket-Extensions: ")
                    .append(request.extensions())
                    .append("\r\n");
        }
        return ascii(text.append("\r\n").toString());
    }

    /** An answer after which the connection is closed. */
    static ByteBuf refusal(int status, String reason, String extraHeaders) {
        String body = reason + "\n";
        return ascii("HTTP/1.1 " + HttpResponseStatus.valueOf(status) + "\r\n" + extraHeaders
                + "Content-Type: text/plain; charset=utf-8\r\nContent-Length: "
                + body.getBytes(UTF_8).length + "\r\nConnection: close\r\n\r\n" + body);
    }

    private static String acceptFor(String key) {
        return Base64.getEncoder().encodeToString(sha1().digest((key + ACCEPT_SUFFIX).getBytes(US_ASCII)));
    }

    private static ByteBuf ascii(String text) {
        return Unpooled.wrappedBuffer(text.getBytes(US_ASCII));
    }

    private static MessageDigest sha1() {
        try {
            return MessageDigest.getInstance("SHA-1");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-1", e);
        }
    }
}
