package io.whimbrel.broker.redis;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lettuce.core.RedisClient;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.sync.RedisCommands;
import io.whimbrel.redis.EmbeddedRedis;
import io.whimbrel.redis.EmbeddedRedisSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a script declares of itself: with it a replica refuses even one that writes nothing, or would publish to nobody. */
class ScriptTest {
    private static final String FIRST_LINE = "#!lua";

    @TempDir
    private Path folder;

    @Test
    void eachBeginsWithItsEngineAndDeclaresNoFlags() {
        assertThat(everyScript()).allSatisfy(script -> {
            assertThat(script.lua().lines().findFirst()).contains(FIRST_LINE);
            assertThat(script.lua()).doesNotContain("no-writes").containsOnlyOnce(FIRST_LINE);
        });
    }

    @Test
    void noneIsLeftOutHere() throws Exception {
        Path folder = Path.of(
                        requireNonNull(Script.class.getResource("publish.lua")).toURI())
                .getParent();
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files.map(file -> file.getFileName().toString())
                            .filter(name ->
                                    name.endsWith(".lua") && !name.equals("epoch.lua"))) // others begin with that
                    .hasSameSizeAs(everyScript());
        }
    }

    @Test
    void eachIsRefusedByAReplica() throws Exception {
        try (EmbeddedRedis replica =
                        EmbeddedRedis.start(EmbeddedRedisSettings.in(folder).withPort(0));
                RedisClient client = RedisClient.create(replica.uri())) {
            RedisCommands<String, String> commands = client.connect().sync();
            commands.replicaof("127.0.0.1", 1);

            assertThat(everyScript())
                    .allSatisfy(script -> assertThatThrownBy(() -> commands.eval(
                                    script.lua(), ScriptOutputType.MULTI, new String[] {"key"}, "argument"))
                            .hasMessage("READONLY You can't write against a read only replica."));
        }
    }

    private static List<Script> everyScript() {
        List<Script> every = new ArrayList<>(Script.ALL);
        every.add(Script.TERM);
        return every;
    }
}
