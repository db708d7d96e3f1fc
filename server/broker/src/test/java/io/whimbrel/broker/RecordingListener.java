package io.whimbrel.broker;

import io.whimbrel.model.Publication;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Keeps what a node received, and on which threads. */
public final class RecordingListener implements Broker.Listener {
    private final Queue<Publication> received = new ConcurrentLinkedQueue<>();
    private final BlockingQueue<String> arrivals = new LinkedBlockingQueue<>();
    private final Set<Thread> threads = ConcurrentHashMap.newKeySet();

    @Override
    public void onPublication(Publication publication) {
        threads.add(Thread.currentThread());
        received.add(publication);
        arrivals.add(publication.id());
    }

    /** The id of the next publication, one per call; null where none came in time. */
    public @Nullable String nextId(Duration deadline) throws InterruptedException {
        return arrivals.poll(deadline.toNanos(), TimeUnit.NANOSECONDS);
    }

    public List<Publication> received() {
        return List.copyOf(received);
    }

    public List<String> ids() {
        return received.stream().map(Publication::id).toList();
    }

    public Set<Thread> threads() {
        return Set.copyOf(threads);
    }
}
