package io.whimbrel.redis;

import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How to run the embedded Redis.
 *
 * @param folder holds its data, program, log, pid and lock file; made when missing, and closed to other users
 * @param port where to listen; 0 takes a free one, {@link #PORT_OF_CONFIG_FILE} the one the configuration file names
 * @param otherPortWhenTaken take a free port when {@code port} is taken, instead of failing
 * @param configFile a redis.conf of the operator's own, in which all but dir, pidfile, daemonize and {@code port} is
 *     honoured; it must leave 127.0.0.1 among the addresses it binds. Without one: loopback only, {@code appendfsync everysec}
 * @param startTimeout how long Redis may take until it answers, loading its data not counted; and, before that, how long
 *     one left over by a killed whimbrel may take to save and end
 * @param stopTimeout how long Redis may take to save its data and end, before it is killed
 */
public record EmbeddedRedisSettings(
        Path folder,
        int port,
        boolean otherPortWhenTaken,
        @Nullable Path configFile,
        Duration startTimeout,
        Duration stopTimeout) {
    public static final int DEFAULT_PORT = 6379;
    public static final int PORT_OF_CONFIG_FILE = -1;
    public static final Duration DEFAULT_START_TIMEOUT = Duration.ofSeconds(30);
    public static final Duration DEFAULT_STOP_TIMEOUT = Duration.ofSeconds(4);

    private static final int MAX_PORT = 65535;

    public EmbeddedRedisSettings {
        if (port < PORT_OF_CONFIG_FILE || port > MAX_PORT) {
            throw new IllegalArgumentException("redis.port is %d, allowed is 0 to %d".formatted(port, MAX_PORT));
        }
        if (port == PORT_OF_CONFIG_FILE && configFile == null) {
            throw new IllegalArgumentException("redis.port is missing, and there is no configuration file to name it");
        }
        if (!startTimeout.isPositive()) {
            throw new IllegalArgumentException("the start timeout is %s, it must be positive".formatted(startTimeout));
        }
        if (stopTimeout.isNegative()) {
            throw new IllegalArgumentException(
                    "the stop timeout is %s, it must not be negative".formatted(stopTimeout));
        }
    }

    /** Port 6379 and no other, no configuration file, 30 s to start, 4 s to stop. */
    public static EmbeddedRedisSettings in(Path folder) {
        return new EmbeddedRedisSettings(
                folder, DEFAULT_PORT, false, null, DEFAULT_START_TIMEOUT, DEFAULT_STOP_TIMEOUT);
    }

    public EmbeddedRedisSettings withPort(int port) {
        return new EmbeddedRedisSettings(folder, port, otherPortWhenTaken, configFile, startTimeout, stopTimeout);
    }

    public EmbeddedRedisSettings withOtherPortWhenTaken() {
        return new EmbeddedRedisSettings(folder, port, true, configFile, startTimeout, stopTimeout);
    }

    public EmbeddedRedisSettings withConfigFile(@Nullable Path configFile) {
        return new EmbeddedRedisSettings(folder, port, otherPortWhenTaken, configFile, startTimeout, stopTimeout);
    }

    public EmbeddedRedisSettings withStartTimeout(Duration startTimeout) {
        return new EmbeddedRedisSettings(folder, port, otherPortWhenTaken, configFile, startTimeout, stopTimeout);
    }

    public EmbeddedRedisSettings withStopTimeout(Duration stopTimeout) {
        return new EmbeddedRedisSettings(folder, port, otherPortWhenTaken, configFile, startTimeout, stopTimeout);
    }
}
