package io.whimbrel.broker.redis;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.whimbrel.broker.IdempotencyKey;
import io.whimbrel.broker.Published;
import io.whimbrel.broker.PublishedOnce;
import io.whimbrel.model.Position;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class FirstAnswerTest {
    /** SHA-256 of {@code {}}, in Base64url. */
    private static final String DIGEST = "RBNvo1WzZ4oRRq0W9-hknpT7T8If536DEMBg9hyq_4o";

    private static final IdempotencyKey KEY =
            IdempotencyKey.of("sender", "key", "{}".getBytes(UTF_8), Duration.ofMinutes(5));

    @Test
    void beginsWithTheDigestOfThePayloadAndTheId() {
        Publication publication = new Publication("id-1", new Topic("birds"), 1, null, "{}".getBytes(UTF_8));

        assertThat(new String(FirstAnswer.begin(publication, KEY), UTF_8)).isEqualTo(DIGEST + " id-1");
    }

    @Test
    void isReadBackWithAndWithoutAPosition() {
        assertThat(read(DIGEST + " id-1 2")).isEqualTo(new PublishedOnce.Repeat("id-1", new Published(2, null)));
        assertThat(read(DIGEST + " id-1 0 17 abc"))
                .isEqualTo(new PublishedOnce.Repeat("id-1", new Published(0, new Position("abc", 17))));
        assertThat(read(DIGEST + " id-1 0 17 abc what a later version adds"))
                .isEqualTo(new PublishedOnce.Repeat("id-1", new Published(0, new Position("abc", 17))));
    }

    @Test
    void anotherPayloadIsAMismatch() {
        assertThat(read("x" + DIGEST.substring(1) + " id-1 2 17 abc")).isEqualTo(new PublishedOnce.Mismatch());
    }

    @Test
    void whatIsNoneIsRefused() {
        assertThatThrownBy(() -> read(DIGEST)).isInstanceOf(IllegalStateException.class);
    }

    private static PublishedOnce read(String remembered) {
        return FirstAnswer.toRepetition(remembered.getBytes(UTF_8), KEY);
    }
}
