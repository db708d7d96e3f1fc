package io.whimbrel.redis;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** One run of redis-server, from its start to its exit. Safe for any thread. */
final class RedisProcess {
    private static final int POLL_MILLIS = 10;
    private static final int LONGEST_PROBE_MILLIS = 1000;

    private final Process process;
    private final int port;
    private final RedisFolder folder;
    private final long logStart;

    private RedisProcess(Process process, int port, RedisFolder folder, long logStart) {
        this.process = process;
        this.port = port;
        this.folder = folder;
        this.logStart = logStart;
    }

    /** Starts the program and does not wait for it, see {@link #awaitReady}. */
    static RedisProcess launch(
            List<String> sessionPrefix, Path program, EmbeddedRedisSettings settings, RedisFolder folder, int port) {
        folder.removePidFile();
        long logStart = folder.logLength();
        ProcessBuilder builder = new ProcessBuilder(
                        OwnSession.wrap(sessionPrefix, command(program, settings, folder, port)))
                .directory(folder.path().toFile())
                .redirectErrorStream(true)
                .redirectOutput(
                        ProcessBuilder.Redirect.appendTo(folder.logFile().toFile()));
        try {
            Process process = builder.start();
            process.getOutputStream().close();
            return new RedisProcess(process, port, folder, logStart);
        } catch (IOException e) {
            throw new EmbeddedRedisException(
                    "The embedded Redis cannot be started (may programs run from %s?): %s"
                            .formatted(folder.path(), e.getMessage()),
                    e);
        }
    }

    /** Redis reads the file first and the options after it, and the last one wins. */
    private static List<String> command(Path program, EmbeddedRedisSettings settings, RedisFolder folder, int port) {
        List<String> command = new ArrayList<>();
        command.add(program.toString());
        Path configFile = settings.configFile();
        if (configFile != null) {
            command.add(configFile.toAbsolutePath().toString());
        } else {
            command.addAll(List.of("--bind", "127.0.0.1", "-::1"));
            // Everything that was answered is in a file within a second, and after a stop in order nothing is missing.
            command.addAll(List.of("--appendonly", "yes", "--appendfsync", "everysec", "--save", ""));
        }
        command.addAll(List.of("--port", Integer.toString(port)));
        command.addAll(List.of("--dir", folder.path().toString()));
        command.addAll(List.of("--pidfile", folder.pidFile().toString()));
        command.addAll(List.of("--daemonize", "no"));
        return command;
    }

    /**
     * Waits until this very process serves its port: Redis writes its pid file once it listens, so an answer of some
     * other Redis on a port that was taken is not mistaken for ours. While it loads its data, which takes as long as it takes, time does
     * not count.
     *
     * @throws PortTakenException when it ended because it could not have its port
     */
    void awaitReady(Duration timeout) throws InterruptedException {
        long deadline = System.nanoTime() + timeout.toNanos();
        while (true) {
            if (process.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
                throw whyItEnded();
            }
            if (folder.pidInFile().filter(pid -> pid == process.pid()).isPresent()) {
                switch (RedisProbe.ask(port, LONGEST_PROBE_MILLIS)) {
                    case READY -> {
                        return;
                    }
                    case LOADING -> deadline = System.nanoTime() + timeout.toNanos();
                    case SILENT -> {}
                }
            }
            if (System.nanoTime() - deadline >= 0) {
                throw new EmbeddedRedisException(
                        "The embedded Redis did not answer on 127.0.0.1:%d within %d ms (its log: %s).%n%s"
                                .formatted(port, timeout.toMillis(), folder.logFile(), folder.logSince(logStart)));
            }
        }
    }

    private EmbeddedRedisException whyItEnded() {
        String output = folder.logSince(logStart);
        if (output.contains("Failed listening on port") && output.contains("in use")) {
            return new PortTakenException(port);
        }
        return new EmbeddedRedisException("The embedded Redis ended at once with exit code %d (its log: %s).%n%s"
                .formatted(process.exitValue(), folder.logFile(), output));
    }

    long pid() {
        return process.pid();
    }

    int awaitExit() throws InterruptedException {
        return process.waitFor();
    }

    void signalToStop() {
        process.destroy();
    }

    /** Ends it in order, or by force when that takes too long; false when even that did not help. */
    boolean stop(Duration timeout) throws InterruptedException {
        return OrderlyEnd.of(process.toHandle(), timeout);
    }
}
