package io.whimbrel.gateway;

import io.whimbrel.broker.Notice;
import io.whimbrel.broker.Notices;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/** Notices in the hands of the test: heard on the thread that posts, and read when {@link #read} completes. */
final class FakeNotices implements Notices {
    final List<Notice> posted = new CopyOnWriteArrayList<>();
    /** Completes when those in force have been heard. */
    private final CompletableFuture<Void> read;
    /** What posting is answered. */
    volatile CompletableFuture<Void> answer = CompletableFuture.completedFuture(null);

    private final List<Consumer<Notice>> listeners = new CopyOnWriteArrayList<>();

    FakeNotices() {
        this(CompletableFuture.completedFuture(null));
    }

    FakeNotices(CompletableFuture<Void> read) {
        this.read = read;
    }

    @Override
    public CompletionStage<Void> post(Notice notice) {
        posted.add(notice);
        if (!answer.isCompletedExceptionally()) {
            listeners.forEach(listener -> listener.accept(notice));
        }
        return answer;
    }

    @Override
    public CompletionStage<Void> hear(String kind, Consumer<Notice> listener) {
        listeners.add(listener);
        return read;
    }
}
