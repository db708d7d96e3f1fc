package io.whimbrel.redis;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The folder one embedded Redis lives in, held by a lock file for as long as this object is open. The operating system
 * drops the lock when our process dies, however it dies.
 */
final class RedisFolder implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(RedisFolder.class);

    private static final String ONLY_FOR_OWNER = "rwx------";
    private static final int LOG_TAIL_BYTES = 2048;
    private static final int LONGEST_PID_BYTES = 32;

    /**
     * Folders held in this JVM. Asked before the lock file is opened, since closing a second descriptor of it would
     * drop the first one's lock: POSIX record locks belong to the process.
     */
    private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

    private final Path path;
    private final FileChannel lockFile;

    private RedisFolder(Path path, FileChannel lockFile) {
        this.path = path;
        this.lockFile = lockFile;
    }

    static RedisFolder open(Path folder) {
        try {
            Files.createDirectories(folder);
            Path path = folder.toRealPath();
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(ONLY_FOR_OWNER));
            if (!HELD.add(path)) {
                throw inUse(path);
            }
            try {
                return new RedisFolder(path, lock(path));
            } catch (IOException | RuntimeException e) {
                HELD.remove(path);
                throw e;
            }
        } catch (IOException e) {
            throw new EmbeddedRedisException(
                    "The folder of the embedded Redis, %s, cannot be used: %s".formatted(folder, e.getMessage()), e);
        }
    }

    @SuppressWarnings("resource") // the lock lives and dies with its channel, which is closed by close()
    private static FileChannel lock(Path path) throws IOException {
        FileChannel channel =
                FileChannel.open(path.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = channel.tryLock();
        if (lock == null) {
            channel.close();
            throw inUse(path);
        }
        return channel;
    }

    private static EmbeddedRedisException inUse(Path path) {
        return new EmbeddedRedisException(
                "The folder %s is used by another running whimbrel: stop that one, or choose another data.folder."
                        .formatted(path));
    }

    Path path() {
        return path;
    }

    /** Where Redis' output goes. */
    Path logFile() {
        return path.resolve("redis.log");
    }

    /** Written by Redis once it listens, removed when it ends in order. */
    Path pidFile() {
        return path.resolve("redis.pid");
    }

    /** The process the pid file names, if it still runs and is a Redis that was started from this folder. */
    Optional<ProcessHandle> runningRedis() {
        return pidInFile()
                .flatMap(ProcessHandle::of)
                .filter(ProcessHandle::isAlive)
                .filter(this::isOurs);
    }

    /** A pid alone proves nothing: it may have been given to another process by now. */
    private boolean isOurs(ProcessHandle process) {
        String program = process.info().command().orElse("");
        return program.startsWith(path.resolve("redis-server-").toString());
    }

    Optional<Long> pidInFile() {
        try {
            if (!Files.isRegularFile(pidFile()) || Files.size(pidFile()) > LONGEST_PID_BYTES) {
                return Optional.empty();
            }
            return Optional.of(Long.parseLong(Files.readString(pidFile()).strip()));
        } catch (IOException | NumberFormatException e) {
            log.debug("{} cannot be read", pidFile(), e); // being written or removed at this moment, or no pid file
            return Optional.empty();
        }
    }

    void removePidFile() {
        try {
            Files.deleteIfExists(pidFile());
        } catch (IOException e) {
            throw new EmbeddedRedisException(
                    "The old pid file %s cannot be removed: %s".formatted(pidFile(), e.getMessage()), e);
        }
    }

    long logLength() {
        try {
            return Files.exists(logFile()) ? Files.size(logFile()) : 0;
        } catch (IOException e) {
            log.debug("the size of {} is unknown", logFile(), e); // then more of the log is quoted than was needed
            return 0;
        }
    }

    /** The end of what was logged after a point, for an error. */
    String logSince(long offset) {
        try (RandomAccessFile file = new RandomAccessFile(logFile().toFile(), "r")) {
            long from = Math.max(offset, file.length() - LOG_TAIL_BYTES);
            byte[] tail = new byte[Math.toIntExact(Math.max(0, file.length() - from))];
            file.seek(from);
            file.readFully(tail);
            return new String(tail, StandardCharsets.UTF_8).strip();
        } catch (IOException e) {
            return "(its log cannot be read: %s)".formatted(e.getMessage());
        }
    }

    @Override
    public void close() {
        if (!lockFile.isOpen()) {
            return;
        }
        try {
            lockFile.close();
        } catch (IOException e) {
            log.warn("The lock file in {} could not be closed", path, e);
        } finally {
            HELD.remove(path);
        }
    }
}
