package io.whimbrel.system.chaos;

import io.whimbrel.system.Part;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A process that is killed, stopped, and started again as it was. Safe for any thread. */
abstract class Breakable implements AutoCloseable {
    private final String name;
    private final StringBuilder formerLogs = new StringBuilder();
    private @Nullable Part process;

    Breakable(String name) {
        this.name = name;
    }

    final String name() {
        return name;
    }

    /** Begins a new life. */
    abstract Part launch() throws IOException;

    final synchronized void start() throws IOException {
        if (process != null) {
            formerLogs.append(process.log()).append("\n---- killed, started again\n");
        }
        process = launch();
    }

    final synchronized void kill() throws InterruptedException {
        process().kill();
    }

    /** Sends it a signal of the system, such as STOP and CONT. */
    final synchronized void signal(String signal) throws IOException, InterruptedException {
        process().signal(signal);
    }

    final synchronized boolean isAlive() {
        return process().isAlive();
    }

    /** What it has printed in all its lives. */
    final synchronized String log() {
        return formerLogs + process().log();
    }

    final synchronized Part process() {
        if (process == null) {
            throw new IllegalStateException(name + " was never started");
        }
        return process;
    }

    /** Ends it for good, whatever state it is in. */
    @Override
    public synchronized void close() throws InterruptedException {
        if (process != null) {
            end(process);
        }
    }

    abstract void end(Part last) throws InterruptedException;
}
