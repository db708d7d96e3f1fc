package io.whimbrel.broker.redis;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.model.Address;
import io.whimbrel.model.Position;
import io.whimbrel.model.Publication;
import io.whimbrel.model.PublicationId;
import io.whimbrel.model.Topic;
import io.whimbrel.model.Tracking;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EnvelopeTest {
    private static final Topic TOPIC = new Topic("birds");
    private static final Address SENDER = new Address(UUID.fromString("0af76519-16cd-43dd-8448-eb211c80319c"));

    @Test
    void aPublicationIsOneLineAndItsPayload() {
        byte[] message = Envelope.encode(publication("id-7", 1700, SENDER, "{\"é\":\n1}"));

        assertThat(message).isEqualTo(bytes("1 id-7 1700 0af76519-16cd-43dd-8448-eb211c80319c\n{\"é\":\n1}"));
    }

    @Test
    void noSenderIsADash() {
        assertThat(Envelope.encode(publication("id-7", 0, null, ""))).isEqualTo(bytes("1 id-7 0 -\n"));
    }

    @Test
    void whatWasEncodedIsDecoded() {
        Publication publication = publication("x".repeat(128), 999_999_999_999_999_999L, SENDER, "\n\n 1 - \n");

        Publication decoded = Envelope.decode(TOPIC, Envelope.encode(publication));

        assertThat(decoded).usingRecursiveComparison().isEqualTo(publication);
    }

    @Test
    void fieldsOfALaterVersionAreSkipped() {
        Publication decoded = Envelope.decode(TOPIC, bytes("1 id 5 - offset=7 \u00ff\u0001\n42"));

        assertThat(decoded).usingRecursiveComparison().isEqualTo(publication("id", 5, null, "42"));
    }

    @Test
    void aMessageCutOffInItsHeaderIsUnreadable() {
        byte[] whole = Envelope.encode(publication("id-7", 1700, SENDER, "payload"));
        int header = new String(whole, UTF_8).indexOf('\n') + 1;

        for (int length = 0; length < header; length++) {
            assertThat(Envelope.decode(TOPIC, Arrays.copyOf(whole, length))).isNull();
        }
        assertThat(Envelope.decode(TOPIC, Arrays.copyOf(whole, header))).isNotNull();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "\n",
                "1\n",
                "1 \n",
                "1   \n",
                "1 id\n",
                "1 id \n",
                "1 id 5\n",
                "1 id 5 \n",
                "1 id  -\n",
                "1  5 -\n",
                "2 id 5 -\n",
                "11 id 5 -\n",
                " 1 id 5 -\n",
                "1 id -5 -\n",
                "1 id +5 -\n",
                "1 id 5x -\n",
                "1 id ٥ -\n",
                "1 id 9999999999999999999 -\n",
                "1 id 5 --\n",
                "1 id 5 nobody\n",
                "1 id 5 1-1-1-1-1\n",
                "1 id 5 0af7651916cd43dd8448eb211c80319c\n",
                "1 i\"d 5 -\n",
                "1 i\\d 5 -\n",
                "1 i\td 5 -\n",
                "1 ié 5 -\n",
                "1 id 5 -",
                "1\tid\t5\t-\n",
                "{\"uuid_remote\":\"x\"}"
            })
    void everythingElseIsUnreadable(String message) {
        assertThat(Envelope.decode(TOPIC, bytes(message))).isNull();
    }

    @Test
    void tooLongAnIdOrHeaderIsUnreadable() {
        String id = "x".repeat(PublicationId.MAX_LENGTH + 1);
        String endless = "1 id 5 - " + "x".repeat(Envelope.LONGEST_HEADER_BYTES) + "\n";

        assertThat(Envelope.decode(TOPIC, bytes("1 %s 5 -\n".formatted(id)))).isNull();
        assertThat(Envelope.decode(TOPIC, bytes(endless))).isNull();
        assertThat(Envelope.decode(TOPIC, new byte[1_000_000])).isNull();
    }

    private static Publication publication(String id, long timeMillis, @Nullable Address from, String payload) {
        return new Publication(id, TOPIC, timeMillis, from, bytes(payload));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(UTF_8);
    }

    @Test
    void carriesWhatIsToBeToldOfTheWay() {
        for (Tracking tracking : List.of(
                new Tracking(true, null, false, null),
                new Tracking(true, "asker", true, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
                new Tracking(false, null, true, null))) {
            Publication tracked = new Publication("m1", new Topic("a"), 7, null, "1".getBytes(UTF_8)).tracked(tracking);

            assertThat(requireNonNull(Envelope.decode(new Topic("a"), Envelope.encode(tracked))))
                    .usingRecursiveComparison()
                    .isEqualTo(tracked);
        }
    }

    @Test
    void readsAPositionBehindFieldsItKnowsAndFieldsItDoesNot() {
        byte[] message = "1 m1 7 - r= x=y t=1 12 abc later\n1".getBytes(UTF_8);

        Publication read = requireNonNull(Envelope.decode(new Topic("a"), message));

        assertThat(read.position()).isEqualTo(new Position("abc", 12));
        assertThat(read.tracking()).isEqualTo(new Tracking(true, null, true, null));
    }
}
