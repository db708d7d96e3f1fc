package io.whimbrel.broker.memory;

import io.whimbrel.broker.Broker;
import io.whimbrel.broker.BrokerUnavailableException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What joins the nodes of one process: publications wait in one bounded queue and are delivered by one thread, which
 * ends when there is nothing to do for a while. Nothing needs to be closed. Safe for any thread.
 */
public final class MemoryNetwork {
    private static final Logger log = LoggerFactory.getLogger(MemoryNetwork.class);

    /** Publications that may wait to be delivered, when none is said. */
    public static final int DEFAULT_QUEUE_LIMIT = 100_000;

    private static final long IDLE_THREAD_SECONDS = 1;

    private final Map<String, Set<Receiver>> receivers = new ConcurrentHashMap<>();
    private final ThreadPoolExecutor delivery;

    public MemoryNetwork() {
        this(DEFAULT_QUEUE_LIMIT);
    }

    public MemoryNetwork(int queueLimit) {
        if (queueLimit < 1) {
            throw new IllegalArgumentException("the queue limit is %d, it must be positive".formatted(queueLimit));
        }
        delivery = new ThreadPoolExecutor(
                1,
                1,
                IDLE_THREAD_SECONDS,
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(queueLimit),
                Thread.ofPlatform().daemon().name("memory-broker").factory());
        delivery.allowCoreThreadTimeOut(true);
    }

    /** A new node, whose listener receives what the node subscribes to. */
    public MemoryBroker join(Broker.Listener listener) {
        return new MemoryBroker(this, listener);
    }

    /** Who gets what is sent to a name. Compared by identity: one node may have several. */
    @FunctionalInterface
    interface Receiver {
        void receive(Object message);
    }

    void add(String name, Receiver receiver) {
        receivers.compute(name, (_, known) -> {
            Set<Receiver> all = known == null ? ConcurrentHashMap.newKeySet() : known;
            all.add(receiver);
            return all;
        });
    }

    void remove(String name, Receiver receiver) {
        receivers.computeIfPresent(name, (_, all) -> {
            all.remove(receiver);
            return all.isEmpty() ? null : all;
        });
    }

    /** Carries how many received it; fails when too much waits already. */
    CompletableFuture<Integer> send(String name, Object message) {
        CompletableFuture<Integer> sent = new CompletableFuture<>();
        try {
            delivery.execute(() -> sent.complete(deliver(receivers.getOrDefault(name, Set.of()), message)));
        } catch (RejectedExecutionException _) {
            sent.completeExceptionally(new BrokerUnavailableException("the memory broker's queue of %d is full"
                    .formatted(delivery.getQueue().size())));
        }
        return sent;
    }

    private static int deliver(Collection<Receiver> all, Object message) {
        List<Receiver> now = List.copyOf(all);
        for (Receiver receiver : now) {
            try {
                receiver.receive(message);
            } catch (RuntimeException e) {
                log.error("A listener of the memory broker failed, which it must not", e);
            }
        }
        return now.size();
    }
}
