package io.whimbrel.gateway;

import io.netty.util.concurrent.AbstractScheduledEventExecutor;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.ImmediateEventExecutor;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** An event loop without a thread: tasks wait until somebody runs them, so that a tick can be measured alone. Used on one thread. */
final class HandExecutor extends AbstractScheduledEventExecutor {
    private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();

    /** Runs what waits, and what that leads to. */
    void runTasks() {
        for (Runnable task; (task = poll()) != null; ) {
            task.run();
        }
    }

    private @Nullable Runnable poll() {
        Runnable task = tasks.poll();
        return task == null ? pollScheduledTask() : task;
    }

    @Override
    public void execute(Runnable task) {
        tasks.add(task);
    }

    @Override
    public boolean inEventLoop(Thread thread) {
        return true;
    }

    @Override
    public boolean isShuttingDown() {
        return false;
    }

    @Override
    public boolean isShutdown() {
        return false;
    }

    @Override
    public boolean isTerminated() {
        return false;
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) {
        return false;
    }

    @Override
    public Future<?> shutdownGracefully(long quietPeriod, long timeout, TimeUnit unit) {
        return terminationFuture();
    }

    @Override
    public Future<?> terminationFuture() {
        return ImmediateEventExecutor.INSTANCE.newSucceededFuture(null);
    }

    @Override
    @Deprecated
    @SuppressWarnings("InlineMeSuggester") // the interface still has it
    public void shutdown() {}
}
