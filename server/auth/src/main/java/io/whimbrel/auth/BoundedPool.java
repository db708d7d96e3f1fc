package io.whimbrel.auth;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A few threads for work that costs CPU, and a queue with an end in front of them. Every piece of work gets an answer,
 * also at the limit, after a fault and when the pool closes. Safe for any thread; threads end after a minute unused.
 */
final class BoundedPool implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(BoundedPool.class);

    private final String name;
    private final ThreadPoolExecutor executor;

    BoundedPool(String name, int threads, int waiting) {
        this.name = name;
        executor = new ThreadPoolExecutor(
                threads,
                threads,
                1,
                TimeUnit.MINUTES,
                new ArrayBlockingQueue<>(waiting),
                Thread.ofPlatform().daemon().name(name + "-", 0).factory());
        executor.allowCoreThreadTimeOut(true);
    }

    /** The stage never fails: where there is no answer from the work, {@code refusal} makes one from the reason. */
    <T> CompletableFuture<T> submit(Supplier<T> work, Function<String, T> refusal) {
        Task<T> task = new Task<>(work, refusal, new CompletableFuture<>());
        try {
            executor.execute(task);
        } catch (RejectedExecutionException _) {
            task.refuse(executor.isShutdown() ? name + " is closed" : name + " is overloaded");
        }
        return task.answer();
    }

    @Override
    public void close() {
        executor.shutdownNow().forEach(task -> ((Task<?>) task).refuse(name + " is closed"));
    }

    private record Task<T>(Supplier<T> work, Function<String, T> refusal, CompletableFuture<T> answer)
            implements Runnable {
        @Override
        public void run() {
            try {
                answer.complete(work.get());
            } catch (RuntimeException e) {
                log.error("A check failed by a fault of ours", e);
                refuse("internal fault");
            }
        }

        void refuse(String why) {
            answer.complete(refusal.apply(why));
        }
    }
}
