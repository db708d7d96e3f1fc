package io.whimbrel.load;

import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Runs the command that restarts a gateway, several times, on a thread of its own. After each it waits for the clients to
 * be back, which must be soon.
 */
final class Restarts implements AutoCloseable {
    private static final long COMMAND_MINUTES = 10;
    private static final long LONGEST_NANOS = TimeUnit.SECONDS.toNanos(60);
    private static final long POLL_MILLIS = 50;

    private final BenchSettings.Breaks breaks;
    private final BooleanSupplier allAreBack;
    private final PrintStream progress;
    private final List<String> failures = new ArrayList<>();
    private final Thread thread;

    Restarts(BenchSettings.Breaks breaks, BooleanSupplier allAreBack, PrintStream progress) {
        this.breaks = breaks;
        this.allAreBack = allAreBack;
        this.progress = progress;
        thread = Thread.ofPlatform().daemon().name("restarts").start(this::run);
    }

    private void run() {
        try {
            for (int i = 0; i < breaks.restarts(); i++) {
                String command = breaks.command().replace("{i}", Integer.toString(i));
                progress.printf("        running %s%n", command);
                int code = execute(command);
                if (code != 0) {
                    failures.add("\"%s\" ended with %d".formatted(command, code));
                    return;
                }
                awaitClients();
            }
        } catch (IOException e) {
            failures.add("\"%s\" could not be run: %s".formatted(breaks.command(), e.getMessage()));
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private static int execute(String command) throws IOException, InterruptedException {
        // What it prints goes to our standard error, since a result may be on standard output.
        Process process = new ProcessBuilder("sh", "-c", "exec 1>&2; " + command)
                .redirectInput(ProcessBuilder.Redirect.from(new java.io.File("/dev/null")))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            if (!process.waitFor(COMMAND_MINUTES, TimeUnit.MINUTES)) {
                throw new IOException("it took more than %d minutes".formatted(COMMAND_MINUTES));
            }
            return process.exitValue();
        } finally {
            process.destroy();
        }
    }

    private void awaitClients() throws InterruptedException {
        long restarted = System.nanoTime();
        while (!allAreBack.getAsBoolean()) {
            if (System.nanoTime() - restarted > LONGEST_NANOS) {
                failures.add("not all clients were back %s after a restart".formatted(Texts.millis(LONGEST_NANOS)));
                return;
            }
            TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
        }
        long took = System.nanoTime() - restarted;
        progress.printf("        all clients were back %s after it%n", Texts.millis(took));
        if (took >= Judgement.BACK_NANOS) {
            failures.add("all clients were back only %s after a restart, but must be before %s"
                    .formatted(Texts.millis(took), Texts.millis(Judgement.BACK_NANOS)));
        }
    }

    boolean areDone() {
        return !thread.isAlive();
    }

    /** What went wrong; to be asked when they are done. */
    List<String> failures() throws InterruptedException {
        thread.join();
        return List.copyOf(failures);
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
