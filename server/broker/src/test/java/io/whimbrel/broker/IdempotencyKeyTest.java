package io.whimbrel.broker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class IdempotencyKeyTest {
    private static final Duration TIME = Duration.ofMinutes(5);

    @Test
    void tellsSendersKeysAndPayloadsApart() {
        IdempotencyKey key = key("sender", "key", "{}");

        assertThat(key("sender", "key", "{}")).isEqualTo(key);
        assertThat(key("sende", "rkey", "{}").digest()).isNotEqualTo(key.digest());
        assertThat(key("sender", "other", "{}").digest()).isNotEqualTo(key.digest());
        assertThat(key("sender", "other", "{}").payloadDigest()).isEqualTo(key.payloadDigest());
        assertThat(key("sender", "key", "{ }").digest()).isEqualTo(key.digest());
        assertThat(key("sender", "key", "{ }").payloadDigest()).isNotEqualTo(key.payloadDigest());
    }

    @Test
    void showsNeitherKeyNorPayload() {
        assertThat(key("s3nder", "s3cret", "m3ssage").toString()).doesNotContain("s3nder", "s3cret", "m3ssage");
    }

    @Test
    void whatCannotBeRememberedIsRefused() {
        String digest = key("sender", "key", "{}").digest();

        assertThatThrownBy(() -> new IdempotencyKey(digest, digest, Duration.ofNanos(999_999)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new IdempotencyKey(digest + "x", digest, TIME))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new IdempotencyKey(digest, "", TIME)).isInstanceOf(IllegalArgumentException.class);
    }

    private static IdempotencyKey key(String sender, String key, String payload) {
        return IdempotencyKey.of(sender, key, payload.getBytes(UTF_8), TIME);
    }
}
