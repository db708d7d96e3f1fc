package io.whimbrel.launcher;

import io.whimbrel.broker.HistoryRules;
import io.whimbrel.broker.redis.RedisSettings;
import io.whimbrel.redis.EmbeddedRedisSettings;
import java.nio.file.Path;

/** Makes what the settings below {@code broker.redis}, {@code history} and {@code redis} describe. */
final class RedisParts {
    private RedisParts() {}

    static RedisSettings broker(Settings settings) {
        return RedisSettings.of(settings.text("broker.redis.uri"))
                .withKeyPrefix(settings.text("broker.redis.key-prefix"))
                .withTimeout(settings.duration("broker.redis.timeout"))
                .withConnectTimeout(settings.duration("broker.redis.connect-timeout"))
                .withHistory(history(settings));
    }

    static HistoryRules history(Settings settings) {
        return HistoryRules.parse(
                settings.text("history.addresses"),
                settings.list("history.topics"),
                text -> Settings.time(text).orElseThrow(() -> new IllegalArgumentException("not a time: " + text)));
    }

    static EmbeddedRedisSettings embedded(Settings settings) {
        String conf = settings.text("redis.conf");
        boolean portOfFile = !conf.isEmpty() && !settings.isGiven("redis.port");
        return EmbeddedRedisSettings.in(new DataFolder(settings.dataFolder()).redis())
                .withConfigFile(conf.isEmpty() ? null : Path.of(conf))
                .withPort(
                        portOfFile
                                ? EmbeddedRedisSettings.PORT_OF_CONFIG_FILE
                                : settings.number("redis.port", 0, 65_535));
    }
}
