package io.whimbrel.redis;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Ends a Redis: SIGTERM, on which it saves its data, then time, then SIGKILL. */
final class OrderlyEnd {
    private static final Logger log = LoggerFactory.getLogger(OrderlyEnd.class);

    /** What the kernel may take to bury a killed process. */
    private static final Duration KILL_TIMEOUT = Duration.ofSeconds(1);

    private static final long POLL_MILLIS = 5;

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

    /** By asking again and again: of a process that is not our child the JDK hears only seconds later. */
    private static boolean ended(ProcessHandle process, Duration timeout) throws InterruptedException {
        long end = System.nanoTime() + timeout.toNanos();
        while (process.isAlive()) {
            if (System.nanoTime() - end > 0) {
                return false;
            }
            TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
        }
        return true;
    }
}
