package io.whimbrel.broker;

import io.whimbrel.model.Publication;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Keeps what a node received, and on which threads. */
public final class RecordingListener implements Broker.Listener {
    private final Queue<Publication> received = new ConcurrentLinkedQueue<>();
    private final Set<Thread> threads = ConcurrentHashMap.newKeySet();

    @Override
    public void onPublication(Publication publication) {
        threads.add(Thread.currentThread());
        received.add(publication);
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
