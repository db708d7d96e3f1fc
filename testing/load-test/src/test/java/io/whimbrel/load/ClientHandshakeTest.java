package io.whimbrel.load;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.util.AsciiString;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** The client's side of RFC 6455 §4.1. */
class ClientHandshakeTest {
    private static final String UPGRADED =
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nsec-websocket-accept: %s\r\n\r\n";
    private static final String ACCEPT = "fywxuy09wCEfrBcJJe5OE9mJwG4=";

    @Test
    void theTokenGoesAsBearerAndNotInTheUrl() {
        ByteBuf out = Unpooled.buffer();

        ClientHandshake.writeRequest(out, Endpoint.gateway("ws://there:7071/ws"), AsciiString.of("secret"), null);

        assertThat(out.toString(StandardCharsets.US_ASCII))
                .startsWith("GET /ws HTTP/1.1\r\nHost: there:7071\r\n")
                .contains("\r\nAuthorization: Bearer secret\r\n")
                .endsWith("\r\n\r\n");
    }

    @Test
    void whoKnowsWhereItStandsSaysSoInTheUrl() {
        assertThat(firstLine("ws://there/ws")).isEqualTo("GET /ws?offset=42&epoch=1a2b HTTP/1.1");
        assertThat(firstLine("ws://there/ws?x=y")).isEqualTo("GET /ws?x=y&offset=42&epoch=1a2b HTTP/1.1");
    }

    private static String firstLine(String gateway) {
        ByteBuf out = Unpooled.buffer();
        ClientHandshake.writeRequest(
                out, Endpoint.gateway(gateway), AsciiString.of("secret"), new Position("1a2b", 42));
        return out.toString(StandardCharsets.US_ASCII).lines().findFirst().orElse("");
    }

    @Test
    void theFirstFrameBehindTheAnswerIsLeftWhereverTheAnswerIsCut() {
        String bytes = UPGRADED.formatted(ACCEPT) + "frame";
        for (int cut = 0; cut < bytes.length() - 5; cut++) {
            ByteBuf in = Unpooled.copiedBuffer(bytes, StandardCharsets.US_ASCII);
            ClientHandshake handshake = new ClientHandshake();

            boolean early = handshake.read(in.readSlice(cut));
            boolean complete = handshake.read(in);

            assertThat(early).isFalse();
            assertThat(complete).isTrue();
            assertThat(handshake.refusal()).isNull();
            assertThat(in.toString(StandardCharsets.US_ASCII)).isEqualTo("frame");
        }
    }

    @Test
    void everythingElseIsARefusalWithItsReason() {
        assertThat(refusal("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n\r\n"))
                .isEqualTo("HTTP 503");
        assertThat(refusal(UPGRADED.formatted("c29tZXRoaW5nIGVsc2U="))).isEqualTo("a wrong Sec-WebSocket-Accept");
        assertThat(refusal("SSH-2.0-OpenSSH_9.2p1\r\n\r\n")).isEqualTo("no HTTP answer");
        assertThat(refusal("x".repeat(10_000))).isEqualTo("no HTTP answer");
    }

    private static String refusal(String answer) {
        ClientHandshake handshake = new ClientHandshake();
        assertThat(handshake.read(Unpooled.copiedBuffer(answer, StandardCharsets.US_ASCII)))
                .isTrue();
        return String.valueOf(handshake.refusal());
    }
}
