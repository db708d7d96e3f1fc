package io.whimbrel.broker.memory;

import io.whimbrel.broker.Broker;
import io.whimbrel.broker.BrokerUnavailableException;
import io.whimbrel.broker.HistoryRules;
import io.whimbrel.broker.IdempotencyKey;
import io.whimbrel.broker.Notices;
import io.whimbrel.broker.Published;
import io.whimbrel.broker.PublishedOnce;
import io.whimbrel.broker.PublishedOnce.First;
import io.whimbrel.model.Publication;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
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

    /** Idempotency keys remembered at a time; publications with more are refused. */
    private static final int KEYS_LIMIT = 100_000;

    private static final long IDLE_THREAD_SECONDS = 1;

    private final Map<String, Set<Receiver>> receivers = new ConcurrentHashMap<>();
    private final ThreadPoolExecutor delivery;
    private final MemoryHistories histories;
    private final MemoryReceipts receipts;
    private final MemoryTraces traces;
    private final MemoryFirstAnswers firstAnswers;
    private final MemoryNotices notices;

    /** One that keeps nothing. */
    public MemoryNetwork() {
        this(DEFAULT_QUEUE_LIMIT, HistoryRules.NONE, InstantSource.system());
    }

    public MemoryNetwork(int queueLimit, HistoryRules rules, InstantSource clock) {
        histories = new MemoryHistories(rules, clock);
        receipts = new MemoryReceipts(clock);
        traces = new MemoryTraces(clock);
        firstAnswers = new MemoryFirstAnswers(KEYS_LIMIT, clock);
        notices = new MemoryNotices(Notices.LIMIT, clock);
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

    MemoryHistories histories() {
        return histories;
    }

    /** Carries how many received it; fails when too much waits already. */
    CompletableFuture<Integer> send(String name, Object message) {
        return inTurn(() -> deliver(name, message));
    }

    /** As {@link #send}, and keeps it where its topic is kept. */
    CompletableFuture<Published> publish(String name, Publication publication) {
        return inTurn(() -> keepAndDeliver(name, publication));
    }

    /** As {@link #publish(String, Publication)}, unless its key was used before. */
    CompletableFuture<PublishedOnce> publish(String name, Publication publication, IdempotencyKey key) {
        return inTurn(() -> firstAnswers.firstOr(publication, key, () -> new First(keepAndDeliver(name, publication))));
    }

    private Published keepAndDeliver(String name, Publication publication) {
        Publication sent = histories.keeps(publication.topic()) ? histories.keep(publication) : publication;
        return new Published(deliver(name, sent), sent.position());
    }

    /** Looks at what is kept, or changes it, behind all that was sent before. */
    <T> CompletableFuture<T> onHistories(Function<MemoryHistories, T> work) {
        return inTurn(() -> work.apply(histories));
    }

    <T> CompletableFuture<T> onReceipts(Function<MemoryReceipts, T> work) {
        return inTurn(() -> work.apply(receipts));
    }

    <T> CompletableFuture<T> onNotices(Function<MemoryNotices, T> work) {
        return inTurn(() -> work.apply(notices));
    }

    <T> CompletableFuture<T> onTraces(Function<MemoryTraces, T> work) {
        return inTurn(() -> work.apply(traces));
    }

    private <T> CompletableFuture<T> inTurn(Supplier<T> work) {
        CompletableFuture<T> done = new CompletableFuture<>();
        try {
            delivery.execute(() -> complete(done, work));
        } catch (RejectedExecutionException _) {
            done.completeExceptionally(new BrokerUnavailableException("the memory broker's queue of %d is full"
                    .formatted(delivery.getQueue().size())));
        }
        return done;
    }

    private static <T> void complete(CompletableFuture<T> done, Supplier<T> work) {
        try {
            done.complete(work.get());
        } catch (RuntimeException e) {
            done.completeExceptionally(e);
        }
    }

    private int deliver(String name, Object message) {
        List<Receiver> now = List.copyOf(receivers.getOrDefault(name, Set.of()));
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
