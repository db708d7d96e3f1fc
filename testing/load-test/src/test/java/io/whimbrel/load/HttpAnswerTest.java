package io.whimbrel.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Answers of a web server, cut at every byte. */
class HttpAnswerTest {
    private static final String ONE = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\ncontent-LENGTH: 5\r\n\r\nhello";
    private static final String TWO = "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n";

    private final HttpAnswer answer = new HttpAnswer();

    @Test
    void readsTwoAnswersInARowWhereverTheyAreCut() {
        String both = ONE + TWO;
        for (int cut = 0; cut <= both.length(); cut++) {
            ByteBuf in = Unpooled.buffer();
            HttpAnswer fresh = new HttpAnswer();
            StringBuilder seen = new StringBuilder();

            for (String part : new String[] {both.substring(0, cut), both.substring(cut)}) {
                in.writeCharSequence(part, StandardCharsets.US_ASCII);
                while (in.isReadable() && fresh.read(in)) {
                    seen.append(fresh.status()).append(fresh.body()).append(' ');
                    fresh.next();
                }
            }

            assertThat(seen.toString()).as("cut at %d", cut).isEqualTo("200hello 429 ");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "HTTP/1.1 200 OK\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n",
                "SSH-2.0-OpenSSH_9.2p1\r\n\r\n",
            })
    void anAnswerItCannotReadIsSaid(String text) {
        ByteBuf in = Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII);

        assertThatIllegalArgumentException().isThrownBy(() -> answer.read(in));
    }

    @Test
    void anEndlessHeadIsRefused() {
        ByteBuf in = Unpooled.copiedBuffer("HTTP/1.1 200 OK\r\nX: " + "x".repeat(70_000), StandardCharsets.US_ASCII);

        assertThatIllegalArgumentException().isThrownBy(() -> answer.read(in));
    }
}
