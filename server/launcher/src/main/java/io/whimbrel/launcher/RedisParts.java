package io.whimbrel.launcher;

import io.whimbrel.broker.HistoryRules;
import io.whimbrel.broker.redis.Durability;
import io.whimbrel.broker.redis.RedisBroker;
import io.whimbrel.broker.redis.RedisSettings;
import io.whimbrel.redis.EmbeddedRedisSettings;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes what the settings below {@code broker.redis}, {@code history} and {@code redis} describe. */
final class RedisParts {
    private static final Logger log = LoggerFactory.getLogger(RedisParts.class);
    private static final long WAIT_MILLIS = 2_000;

    private RedisParts() {}

    static RedisSettings broker(Settings settings) {
        String trust = settings.text("broker.redis.trust");
        return RedisSettings.of(settings.text("broker.redis.uri"))
                .withTrust(trust.isEmpty() ? null : Path.of(trust))
                .withKeyPrefix(settings.text("broker.redis.key-prefix"))
                .withTimeout(settings.duration("broker.redis.timeout"))
                .withConnectTimeout(settings.duration("broker.redis.connect-timeout"))
                .withRequestQueueLimit(settings.number("broker.redis.request-queue-limit", 1, 10_000_000))
                .withHistory(history(settings))
                .withDurability(
                        Durability.valueOf(settings.oneOf("broker.redis.durability", "memory", "fsync", "replicated")
                                .toUpperCase(Locale.ROOT)),
                        settings.number("broker.redis.replicas", 1, 100),
                        settings.duration("broker.redis.replication-timeout"));
    }

    /**
     * Waits a moment for the first connections.
     *
     * @throws StartException where Redis is there, but not what the settings promise
     */
    static RedisBroker begin(RedisBroker broker) {
        try {
            broker.settled().toCompletableFuture().get(WAIT_MILLIS, TimeUnit.MILLISECONDS);
        } catch (TimeoutException _) {
            log.warn("Redis has not answered for {} ms, starting without it", WAIT_MILLIS);
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        broker.misfit().ifPresent(why -> {
            broker.close();
            throw new StartException("Redis cannot be used: " + why);
        });
        return broker;
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
