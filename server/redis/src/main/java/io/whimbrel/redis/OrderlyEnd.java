package io.whimbrel.redis;

import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Ends a Redis: SIGTERM, on which it saves its data, then time, then SIGKILL. */
final class OrderlyEnd {
    private static final Logger log = LoggerFactory.getLogger(OrderlyEnd.class);

    /** What the kernel may take to bury a killed process. */
    private static final Duration KILL_TIMEOUT = Duration.ofSeconds(1);

    private OrderlyEnd() {}

    /** False when the process lives even after SIGKILL, as one that hangs in the kernel does. */
    static boolean of(ProcessHandle redis, Duration timeout) throws InterruptedException {
        redis.destroy();
        if (ended(redis, timeout)) {
            return true;
        }
        log.warn(
                "Redis (pid {}) did not end within {} ms and is killed; what it had not saved is lost",
                redis.pid(),
                timeout.toMillis());
        redis.destroyForcibly();
        return ended(redis, KILL_TIMEOUT);
    }

    private static boolean ended(ProcessHandle process, Duration timeout) throws InterruptedException {
        try {
            process.onExit().get(timeout.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException _) {
            return !process.isAlive();
        } catch (ExecutionException e) {
            throw new EmbeddedRedisException("Redis (pid %d) cannot be waited for.".formatted(process.pid()), e);
        }
    }
}
