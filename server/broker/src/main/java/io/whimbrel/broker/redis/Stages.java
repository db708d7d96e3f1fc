package io.whimbrel.broker.redis;

import java.util.Collection;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/** Stages that fail with what went wrong itself, where those of the JDK wrap it. */
final class Stages {
    private Stages() {}

    static <T, R> CompletionStage<R> map(CompletionStage<T> stage, Function<T, R> to) {
        CompletableFuture<R> mapped = new CompletableFuture<>();
        var _ = stage.whenComplete((value, failure) -> {
            if (failure == null) {
                mapped.complete(to.apply(value));
            } else {
                mapped.completeExceptionally(unwrap(failure));
            }
        });
        return mapped;
    }

    /** Completes with the first one's value when both have completed. */
    static <T> CompletionStage<T> both(CompletionStage<T> first, CompletionStage<Void> second) {
        return map(first.thenCombine(second, (value, _) -> value), it -> it);
    }

    /** Completes when all have. */
    static CompletionStage<Void> all(Collection<? extends CompletionStage<?>> stages) {
        CompletableFuture<?>[] futures =
                stages.stream().map(CompletionStage::toCompletableFuture).toArray(CompletableFuture[]::new);
        CompletableFuture<Void> all = new CompletableFuture<>();
        var _ = CompletableFuture.allOf(futures).whenComplete((_, failure) -> {
            if (failure == null) {
                all.complete(null);
            } else {
                all.completeExceptionally(unwrap(failure));
            }
        });
        return all;
    }

    private static Throwable unwrap(Throwable failure) {
        return failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
    }
}
