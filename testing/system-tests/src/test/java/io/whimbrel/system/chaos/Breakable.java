package io.whimbrel.system.chaos;

import java.io.IOException;

/** A process that is killed, stopped, and started again as it was. Safe for any thread. */
interface Breakable extends AutoCloseable {
    void start() throws IOException;

    void kill() throws InterruptedException;

    /** Sends it a signal of the system, such as STOP and CONT. */
    void signal(String signal) throws IOException, InterruptedException;

    boolean isAlive();

    /** What its present life has printed. */
    String log();

    @Override
    void close() throws InterruptedException;
}
