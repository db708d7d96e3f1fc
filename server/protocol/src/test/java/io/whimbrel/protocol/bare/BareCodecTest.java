package io.whimbrel.protocol.bare;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.model.Address;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import io.whimbrel.protocol.ByteSink;
import java.io.ByteArrayOutputStream;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BareCodecTest {
    private static final Topic TOPIC = Topic.of(new Address(UUID.fromString("6f1c2b3a-0000-4000-8000-00000000000b")));
    private static final Address SENDER = new Address(UUID.fromString("6f1c2b3a-0000-4000-8000-00000000000a"));

    private final BareCodec codec = new BareCodec();

    @Test
    void writesMessageIdSenderAndTime() {
        assertThat(encode("\"hello\"", SENDER, 1_700_000_000_000L))
                .isEqualTo("{\"message\":\"hello\",\"id\":\"m1\",\"from\":\"6f1c2b3a-0000-4000-8000-00000000000a\","
                        + "\"time\":1700000000000}");
    }

    @Test
    void leavesOutASenderNobodyNamed() {
        assertThat(encode("null", null, 0)).isEqualTo("{\"message\":null,\"id\":\"m1\",\"time\":0}");
    }

    @Test
    void passesThePayloadThroughByteForByte() {
        String payload = "{ \"a\" : [1.0e2, \"\\u00e9é😀\"],\n\"a\":2 }";

        assertThat(encode(payload, null, 7)).isEqualTo("{\"message\":" + payload + ",\"id\":\"m1\",\"time\":7}");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '#',
            value = {
                "news            | news",
                "room:17/a b     | room:17/a b",
                "{\"a\":1}       | {\\\"a\\\":1}",
                "\\             | \\\\",
                "\\\"\\n        | \\\\\\\"\\\\n",
                "birds ✓ é 漢 😀 | birds ✓ é 漢 😀",
                "</script>       | </script>",
                "a@b             | a@b",
            })
    void namesATopicThatIsNoAddressAtTheEnd(String name, String quoted) {
        Publication named = new Publication("m1", new Topic(name), 7, SENDER, "1".getBytes(UTF_8));
        Publication unnamed = new Publication("m1", new Topic(name), 7, null, "1".getBytes(UTF_8));

        assertThat(new String(bytes(named), UTF_8))
                .isEqualTo("{\"message\":1,\"id\":\"m1\",\"from\":\"" + SENDER + "\",\"time\":7,\"topic\":\"" + quoted
                        + "\"}");
        assertThat(new String(bytes(unnamed), UTF_8))
                .isEqualTo("{\"message\":1,\"id\":\"m1\",\"time\":7,\"topic\":\"" + quoted + "\"}");
        assertThat(codec.encodedLength(named)).isEqualTo(bytes(named).length);
        assertThat(codec.encodedLength(unnamed)).isEqualTo(bytes(unnamed).length);
    }

    @Test
    void knowsTheLengthOfEveryCharacterOfATopic() {
        for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
            Optional<Topic> topic = Topic.parse("a" + Character.toString(c) + "b");
            if (topic.isPresent()) {
                Publication publication = new Publication("m1", topic.get(), 7, null, new byte[0]);

                assertThat(codec.encodedLength(publication)).as("%x", c).isEqualTo(bytes(publication).length);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 9, 10, 99, 100, 1_700_000_000_000L, Long.MAX_VALUE, -1, -10, Long.MIN_VALUE})
    void knowsTheLengthBeforehand(long timeMillis) {
        Publication publication = publication("\"é\"", SENDER, timeMillis);

        assertThat(codec.encodedLength(publication)).isEqualTo(bytes(publication).length);
    }

    private String encode(String payload, @Nullable Address from, long timeMillis) {
        return new String(bytes(publication(payload, from, timeMillis)), UTF_8);
    }

    private static Publication publication(String payload, @Nullable Address from, long timeMillis) {
        return new Publication("m1", TOPIC, timeMillis, from, payload.getBytes(UTF_8));
    }

    private byte[] bytes(Publication publication) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        codec.encode(publication, new ByteSink() {
            @Override
            public void put(byte[] bytes) {
                out.writeBytes(bytes);
            }

            @Override
            public void putAscii(String text) {
                out.writeBytes(text.getBytes(US_ASCII));
            }
        });
        return out.toByteArray();
    }
}
