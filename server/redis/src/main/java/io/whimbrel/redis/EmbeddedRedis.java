package io.whimbrel.redis;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A real Redis as a child process, started again when it dies, on the same port and with its data. It outlives a killed
 * JVM: the next one started on the same folder stops it in order and goes on with its data. Safe for any thread.
 */
public final class EmbeddedRedis implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(EmbeddedRedis.class);

    private static final int PORT_ATTEMPTS = 10;
    private static final long FIRST_BACKOFF_MILLIS = 100;
    private static final long LONGEST_BACKOFF_MILLIS = 5_000;
    /** A Redis that ran this long was well: when it dies, the backoff begins anew. */
    private static final Duration STABLE_AFTER = Duration.ofSeconds(10);

    private final EmbeddedRedisSettings settings;
    private final RedisFolder folder;
    private final Path program;
    private final List<String> sessionPrefix;
    private final CountDownLatch stopRequested = new CountDownLatch(1);
    private final AtomicLong restarts = new AtomicLong();
    private final Thread supervisor;
    private final int port;
    private volatile RedisProcess current; // replaced under the monitor, and not any more once a stop was requested
    private volatile @Nullable String outage;

    private EmbeddedRedis(EmbeddedRedisSettings settings, RedisFolder folder) throws InterruptedException {
        this.settings = settings;
        this.folder = folder;
        program = RedisBinary.extractTo(folder.path());
        sessionPrefix = OwnSession.prefix();
        stopLeftover();
        Started started = startOnSomePort();
        current = started.process();
        port = started.port();
        supervisor = Thread.ofVirtual().name("redis-supervisor").unstarted(this::supervise);
    }

    /**
     * Returns when Redis serves its port.
     *
     * @throws PortTakenException when the port is taken and no other was allowed
     * @throws EmbeddedRedisException when it cannot run, with a sentence that says why
     */
    public static EmbeddedRedis start(EmbeddedRedisSettings settings) {
        RedisBinary.nameForThisMachine(); // fails before anything is written where there is none
        RedisFolder folder = RedisFolder.open(settings.folder());
        try {
            EmbeddedRedis redis = new EmbeddedRedis(settings, folder);
            redis.supervisor.start();
            log.info(
                    "Redis listens on 127.0.0.1:{} (pid {}), its data is in {}",
                    redis.port,
                    redis.pid(),
                    folder.path());
            return redis;
        } catch (RuntimeException e) {
            folder.close();
            throw e;
        } catch (InterruptedException e) {
            folder.close();
            Thread.currentThread().interrupt();
            throw new EmbeddedRedisException("The start of the embedded Redis was interrupted.", e);
        }
    }

    public int port() {
        return port;
    }

    public String uri() {
        return "redis://127.0.0.1:" + port;
    }

    /** The process that serves at the moment, or served last. */
    public long pid() {
        return current.pid();
    }

    /** How often Redis died and was started again. */
    public long restarts() {
        return restarts.get();
    }

    /** Why Redis does not run at the moment, in words for the operator; empty when it does. */
    public Optional<String> outage() {
        return Optional.ofNullable(outage);
    }

    private void stopLeftover() throws InterruptedException {
        Optional<ProcessHandle> leftover = folder.runningRedis();
        if (leftover.isEmpty()) {
            return;
        }
        log.warn(
                "A Redis left over by a killed whimbrel still runs (pid {}): it is stopped, its data is kept",
                leftover.get().pid());
        // At a start nobody waits for us to be gone, so it gets the longer time and saves in peace.
        if (!OrderlyEnd.of(leftover.get(), settings.startTimeout())) {
            throw new EmbeddedRedisException(
                    "A Redis left over by a killed whimbrel (pid %d) does not end: kill it, then start again."
                            .formatted(leftover.get().pid()));
        }
    }

    private record Started(RedisProcess process, int port) {}

    /** A free port may be gone before Redis takes it, so another one is tried then. */
    private Started startOnSomePort() throws InterruptedException {
        int wanted = settings.port();
        if (wanted == EmbeddedRedisSettings.PORT_OF_CONFIG_FILE) {
            wanted = RedisConfigFile.port(Objects.requireNonNull(settings.configFile()));
        }
        int candidate = wanted == 0 ? freePort() : wanted;
        for (int attempt = 1; ; attempt++) {
            try {
                return new Started(startReady(candidate), candidate);
            } catch (PortTakenException e) {
                boolean mayTryAnother = wanted == 0 || settings.otherPortWhenTaken();
                if (!mayTryAnother || attempt == PORT_ATTEMPTS) {
                    throw e;
                }
                log.info("Port {} is taken, Redis gets another one", candidate);
                candidate = freePort();
            }
        }
    }

    private RedisProcess startReady(int candidate) throws InterruptedException {
        RedisProcess process = RedisProcess.launch(sessionPrefix, program, settings, folder, candidate);
        awaitReady(process);
        return process;
    }

    /** Leaves no process behind when it does not become ready. */
    private void awaitReady(RedisProcess process) throws InterruptedException {
        try {
            process.awaitReady(settings.startTimeout());
        } catch (EmbeddedRedisException e) {
            process.stop(settings.stopTimeout());
            throw e;
        } catch (InterruptedException e) {
            process.signalToStop();
            throw e;
        }
    }

    private static int freePort() {
        try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return probe.getLocalPort();
        } catch (IOException e) {
            throw new EmbeddedRedisException("There is no free port for the embedded Redis.", e);
        }
    }

    private void supervise() {
        try {
            long backoffMillis = FIRST_BACKOFF_MILLIS;
            while (true) {
                long startedNanos = System.nanoTime();
                int exitCode = current.awaitExit();
                if (stopRequested.getCount() == 0) {
                    return;
                }
                outage = "Redis (pid %d) ended with exit code %d and is being started again"
                        .formatted(current.pid(), exitCode);
                log.error("{}", outage);
                if (System.nanoTime() - startedNanos > STABLE_AFTER.toNanos()) {
                    backoffMillis = FIRST_BACKOFF_MILLIS;
                }
                backoffMillis = startAgain(backoffMillis);
                if (stopRequested.getCount() == 0) {
                    return;
                }
                outage = null;
                log.info("Redis runs again on 127.0.0.1:{} (pid {})", port, current.pid());
            }
        } catch (InterruptedException e) {
            outage = "nobody looks after Redis any more";
            log.error("The supervisor of Redis was interrupted", e);
        }
    }

    /** Returns when Redis runs or a stop was requested, with the backoff to begin with next time. */
    private long startAgain(long firstBackoffMillis) throws InterruptedException {
        long backoffMillis = firstBackoffMillis;
        while (!stopRequested.await(backoffMillis, TimeUnit.MILLISECONDS)) {
            backoffMillis = Math.min(2 * backoffMillis, LONGEST_BACKOFF_MILLIS);
            try {
                Optional<RedisProcess> launched = launchUnlessStopped();
                if (launched.isPresent()) {
                    awaitReady(launched.get());
                    restarts.incrementAndGet();
                    break;
                }
            } catch (EmbeddedRedisException e) {
                String why = e.sentence();
                if (stopRequested.getCount() > 0 && !why.equals(outage)) { // logged once, however often it fails
                    outage = why;
                    log.error("Redis could not be started again, trying on: {}", why);
                }
            }
        }
        return backoffMillis;
    }

    private synchronized Optional<RedisProcess> launchUnlessStopped() {
        if (stopRequested.getCount() == 0) {
            return Optional.empty();
        }
        current = RedisProcess.launch(sessionPrefix, program, settings, folder, port);
        return Optional.of(current);
    }

    /**
     * Stops Redis in order, so that it saves its data, and waits for its exit; kills it when it takes longer than the
     * stop timeout. May be called again, and while Redis is being restarted.
     */
    public void stop() {
        RedisProcess last = requestStop();
        try {
            if (!last.stop(settings.stopTimeout())) {
                log.error("Redis (pid {}) does not end, not even when killed", last.pid());
            }
            supervisor.join();
        } catch (InterruptedException _) {
            last.signalToStop();
            Thread.currentThread().interrupt();
        } finally {
            folder.close();
        }
    }

    /** Tells Redis to save its data and end, and does not wait for it: for a user who asks a second time. */
    public void stopNow() {
        requestStop().signalToStop();
    }

    private synchronized RedisProcess requestStop() {
        stopRequested.countDown();
        return current;
    }

    /** The same as {@link #stop()}. */
    @Override
    public void close() {
        stop();
    }
}
