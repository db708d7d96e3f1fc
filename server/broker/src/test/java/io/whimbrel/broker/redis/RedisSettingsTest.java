package io.whimbrel.broker.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RedisSettingsTest {
    @ParameterizedTest
    @CsvSource({
        "redis://127.0.0.1:6379, redis://127.0.0.1:6379",
        "redis://localhost, redis://localhost:6379",
        "redis://[::1]:7000, redis://[::1]:7000",
        "redis://:s3cret@host:7000/3, redis://host:7000",
        "rediss://user:s3cret@host:7000, rediss://host:7000",
        "redis-sentinel://s3cret@one:26379?sentinelMasterId=main, redis-sentinel://one:26379 (master main)",
        "'redis-sentinel://s3cret@one,two:7001#main', redis-sentinel://one:26379 (master main)",
        "'rediss-sentinel://user:s3cret@one:26379,two#main', rediss-sentinel://one:26379 (master main)",
        "'redis://user:s3cret@one:1,two:2,[::1]:3', 'redis://one:1,two:2,[::1]:3'",
        "'rediss://one:1,two:2/0?timeout=1s', 'rediss://one:1,two:2'"
    })
    void theAddressHasNoCredentials(String uri, String address) {
        RedisSettings settings = RedisSettings.of(uri);

        assertThat(settings.address()).isEqualTo(address);
        assertThat(settings.toString()).contains(address).doesNotContain("s3cret");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "s3cret",
                "http://user:s3cret@host",
                "redis://user:s3cret@host:port:7",
                "redis://user:s3cret",
                "redis://:s3cret#x@host",
                "redis://s3cret/x@host",
                "redis://s3cret?x@host",
                "redis://s3cret@",
                "redis://user:s3cret#x@one:1,two:2",
                "redis-sentinel://s3cret#x@one#main",
                "rediss-sentinel://s3cret#x@one#main"
            })
    void anUnreadableUriIsRefusedWithoutQuotingIt(String uri) {
        assertThatThrownBy(() -> RedisSettings.of(uri))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("broker.redis.uri")
                .satisfies(failure -> {
                    StringWriter all = new StringWriter();
                    failure.printStackTrace(new PrintWriter(all));
                    assertThat(all.toString()).doesNotContain("s3cret");
                });
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a b", "a{b}", "ü"})
    void anImpossiblePrefixIsRefused(String prefix) {
        RedisSettings settings = RedisSettings.of(RedisSettings.DEFAULT_URI);

        assertThatThrownBy(() -> settings.withKeyPrefix(prefix)).hasMessageContaining("broker.redis.key-prefix");
    }

    @Test
    void aTimeoutMustBePositive() {
        RedisSettings settings = RedisSettings.of(RedisSettings.DEFAULT_URI);

        assertThatThrownBy(() -> settings.withTimeout(Duration.ZERO)).hasMessageContaining("broker.redis.timeout");
    }
}
