package io.whimbrel.launcher;

import io.whimbrel.redis.EmbeddedRedis;
import io.whimbrel.redis.EmbeddedRedisException;
import io.whimbrel.redis.PortTakenException;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;

@Command(name = "redis", description = "Runs the embedded Redis alone.", sortOptions = false)
final class RedisCommand extends SettingsCommand {
    private static final Logger log = LoggerFactory.getLogger(RedisCommand.class);

    @Override
    public Integer call() {
        Settings settings = settings();
        SettingsCheck.run(settings);
        Logging.configure(settings);
        AtomicReference<EmbeddedRedis> running = new AtomicReference<>();
        Signals signals = new Signals(() -> {
            EmbeddedRedis redis = running.get();
            if (redis != null) {
                redis.stopNow();
            }
        });
        try (EmbeddedRedis redis = EmbeddedRedis.start(RedisParts.embedded(settings))) {
            running.set(redis);
            log.info("Redis on port {}, data in {}", redis.port(), settings.dataFolder());
            signals.await();
        } catch (PortTakenException e) {
            throw Ports.taken("redis.port", settings.number("redis.port"), e);
        } catch (EmbeddedRedisException e) {
            throw new StartException(e.sentence(), e);
        }
        return 0;
    }
}
