package io.whimbrel.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RedisConfigFileTest {
    @TempDir
    Path folder;

    @Test
    void theLastPortCounts() throws Exception {
        Path file = write("# port 1\nport 7000\n  PORT \"7001\"\nreplica-announce-port 5\n");

        assertThat(RedisConfigFile.port(file)).isEqualTo(7001);
    }

    @Test
    void withoutAPortItIsTheOneOfRedis() throws Exception {
        assertThat(RedisConfigFile.port(write("save 60 1\n"))).isEqualTo(6379);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "65536", "-1", "many", "99999999999"})
    void anImpossiblePortIsNamed(String port) throws Exception {
        Path file = write("port " + port);

        assertThatThrownBy(() -> RedisConfigFile.port(file))
                .isInstanceOf(EmbeddedRedisException.class)
                .hasMessageContaining(port)
                .hasMessageContaining("1 to 65535");
    }

    @Test
    void aMissingFileIsNamed() {
        assertThatThrownBy(() -> RedisConfigFile.port(folder.resolve("missing.conf")))
                .isInstanceOf(EmbeddedRedisException.class)
                .hasMessageContaining("missing.conf");
    }

    private Path write(String text) throws Exception {
        return Files.writeString(folder.resolve("redis.conf"), text);
    }
}
