package io.whimbrel.broker.memory;

import io.whimbrel.broker.Broker;
import io.whimbrel.broker.BrokerCounters;
import io.whimbrel.broker.BrokerUnavailableException;
import io.whimbrel.broker.History;
import io.whimbrel.broker.IdempotencyKey;
import io.whimbrel.broker.Notice;
import io.whimbrel.broker.Notices;
import io.whimbrel.broker.NoticesFullException;
import io.whimbrel.broker.PlainChannels;
import io.whimbrel.broker.Published;
import io.whimbrel.broker.PublishedOnce;
import io.whimbrel.broker.Receipt;
import io.whimbrel.broker.Receipts;
import io.whimbrel.broker.Tops;
import io.whimbrel.broker.Trace;
import io.whimbrel.broker.Traces;
import io.whimbrel.broker.memory.MemoryNetwork.Receiver;
import io.whimbrel.model.Position;
import io.whimbrel.model.Publication;
import io.whimbrel.model.PublicationId;
import io.whimbrel.model.Topic;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Function;

/** One node of a {@link MemoryNetwork}. Subscriptions take effect within the call. Safe for any thread. */
public final class MemoryBroker implements Broker, PlainChannels {
    private static final String TOPIC = "topic ";
    private static final String PLAIN = "plain ";

    private final MemoryNetwork network;
    private final Receiver subscriber;
    private final BrokerCounters counters = new BrokerCounters();
    /** What this node joined, by the name in the network. Guarded by this, as is {@code closed}. */
    private final Map<String, List<Receiver>> joined = new HashMap<>();

    private final Ears receipts = new Ears();
    private final Ways traces = new Ways();
    private boolean closed;

    MemoryBroker(MemoryNetwork network, Listener listener) {
        this.network = network;
        subscriber = message -> {
            counters.received.increment();
            listener.onPublication((Publication) message);
        };
    }

    @Override
    public CompletionStage<Published> publish(Publication publication) {
        String name = TOPIC + publication.topic().name();
        return counted(
                isClosed() ? CompletableFuture.failedFuture(closedException()) : network.publish(name, publication));
    }

    @Override
    public CompletionStage<PublishedOnce> publish(Publication publication, IdempotencyKey key) {
        String name = TOPIC + publication.topic().name();
        CompletableFuture<PublishedOnce> publishing = isClosed()
                ? CompletableFuture.failedFuture(closedException())
                : network.publish(name, publication, key);
        var _ = publishing.whenComplete((outcome, _) -> counters.countOnce(outcome));
        return publishing;
    }

    @Override
    public boolean keeps(Topic topic) {
        return network.histories().keeps(topic);
    }

    @Override
    public CompletionStage<History> history(Topic topic, long after, int limit) {
        History.check(after, limit);
        return onHistories(List.of(topic), histories -> histories.read(topic, after, limit));
    }

    @Override
    public CompletionStage<History> latest(Topic topic) {
        return onHistories(List.of(topic), histories -> histories.readLatest(topic));
    }

    @Override
    public CompletionStage<History> inbox(Topic topic, int limit) {
        History.check(0, limit);
        return onHistories(List.of(topic), histories -> histories.readFromCursor(topic, limit));
    }

    @Override
    public CompletionStage<Void> moveCursors(Map<Topic, Position> furthest) {
        return withoutAnswer(onHistories(furthest.keySet(), histories -> {
            histories.moveCursors(furthest);
            return true;
        }));
    }

    @Override
    public CompletionStage<Tops> tops(Collection<Topic> topics) {
        return onHistories(topics, histories -> new Tops(histories.tops(topics), Set.of()));
    }

    private <T> CompletableFuture<T> onHistories(Collection<Topic> topics, Function<MemoryHistories, T> work) {
        for (Topic topic : topics) {
            if (!keeps(topic)) {
                throw new IllegalArgumentException(topic + " is not kept");
            }
        }
        return isClosed() ? CompletableFuture.failedFuture(closedException()) : network.onHistories(work);
    }

    @Override
    public synchronized CompletionStage<Void> subscribe(Topic topic) {
        if (closed) {
            return CompletableFuture.failedStage(closedException());
        }
        String name = TOPIC + topic.name();
        if (joined.putIfAbsent(name, List.of(subscriber)) == null) {
            network.add(name, subscriber);
        }
        return CompletableFuture.completedStage(null);
    }

    @Override
    public synchronized void unsubscribe(Topic topic) {
        String name = TOPIC + topic.name();
        if (joined.remove(name) != null) {
            network.remove(name, subscriber);
        }
    }

    @Override
    public synchronized void listen(String channel, Consumer<byte[]> listener) {
        if (closed) {
            throw closedException();
        }
        String name = PLAIN + channel;
        List<Receiver> before = joined.getOrDefault(name, List.of());
        List<Receiver> after = new ArrayList<>(before);
        Receiver receiver = message -> listener.accept((byte[]) message);
        after.add(receiver);
        joined.put(name, after);
        network.add(name, receiver);
    }

    @Override
    public CompletionStage<Integer> publish(String channel, byte[] record) {
        return send(PLAIN + channel, record);
    }

    private CompletionStage<Integer> send(String name, Object message) {
        return counted(isClosed() ? CompletableFuture.failedFuture(closedException()) : network.send(name, message));
    }

    private <T> CompletionStage<T> counted(CompletableFuture<T> sent) {
        var _ = sent.whenComplete((_, failure) -> {
            if (failure == null) {
                counters.published.increment();
            } else {
                counters.publishFailures.increment();
            }
        });
        return sent;
    }

    @Override
    public Optional<String> outage() {
        return isClosed() ? Optional.of("the broker is closed") : Optional.empty();
    }

    @Override
    public BrokerCounters counters() {
        return counters;
    }

    @Override
    public Receipts receipts() {
        return receipts;
    }

    private final class Ears implements Receipts {
        private final String name = PublicationId.next(System.currentTimeMillis());

        @Override
        public CompletionStage<Void> open(Publication publication) {
            return onReceipts(all -> all.open(publication));
        }

        @Override
        public CompletionStage<Void> settle(String id, Published published) {
            return onReceipts(all -> all.settle(id, published));
        }

        @Override
        public CompletionStage<Void> report(Collection<Count> counts) {
            List<Count> now = List.copyOf(counts);
            return onReceipts(all -> all.report(now));
        }

        @Override
        public CompletionStage<Optional<Receipt>> find(String id) {
            return isClosed()
                    ? CompletableFuture.failedFuture(closedException())
                    : network.onReceipts(all -> all.find(id));
        }

        @Override
        public String hear(Consumer<Count> listener) {
            if (isClosed()) {
                throw closedException();
            }
            var _ = onReceipts(all -> all.hear(name, listener));
            return name;
        }

        private CompletionStage<Void> onReceipts(Consumer<MemoryReceipts> work) {
            return isClosed()
                    ? CompletableFuture.failedFuture(closedException())
                    : withoutAnswer(network.onReceipts(all -> {
                        work.accept(all);
                        return true;
                    }));
        }
    }

    @Override
    public Notices notices() {
        return new Board();
    }

    private final class Board implements Notices {
        @Override
        public CompletionStage<Void> post(Notice notice) {
            CompletableFuture<Void> posting = onNotices(all -> all.post(notice));
            var _ = posting.whenComplete((_, failure) -> {
                if (failure instanceof NoticesFullException) {
                    counters.noticesRefused.increment();
                }
            });
            return posting;
        }

        @Override
        public CompletionStage<Void> hear(String kind, Consumer<Notice> listener) {
            Notice.requireKind(kind);
            return onNotices(all -> all.hear(new MemoryNotices.Ear(MemoryBroker.this, kind, listener)));
        }

        private CompletableFuture<Void> onNotices(Consumer<MemoryNotices> work) {
            return isClosed()
                    ? CompletableFuture.failedFuture(closedException())
                    : withoutAnswer(network.onNotices(all -> {
                        work.accept(all);
                        return true;
                    }));
        }
    }

    @Override
    public Traces traces() {
        return traces;
    }

    private final class Ways implements Traces {
        @Override
        public CompletionStage<Void> append(Collection<Leg> legs) {
            List<Leg> now = List.copyOf(legs);
            return onTraces(all -> {
                        all.append(now);
                        return true;
                    })
                    .thenApply(_ -> null);
        }

        @Override
        public CompletionStage<Optional<Trace>> find(String id) {
            return onTraces(all -> all.find(id));
        }

        @Override
        public CompletionStage<List<String>> recent(Topic topic) {
            return onTraces(all -> all.recent(topic));
        }

        private <T> CompletionStage<T> onTraces(Function<MemoryTraces, T> work) {
            return isClosed() ? CompletableFuture.failedFuture(closedException()) : network.onTraces(work);
        }
    }

    @Override
    public Optional<PlainChannels> plainChannels() {
        return Optional.of(this);
    }

    @Override
    public synchronized void close() {
        closed = true;
        var _ = network.onReceipts(all -> {
            all.forget(receipts.name);
            return true;
        });
        var _ = network.onNotices(all -> {
            all.forget(this);
            return true;
        });
        joined.forEach((name, receivers) -> receivers.forEach(receiver -> network.remove(name, receiver)));
        joined.clear();
    }

    /** Fails with the failure itself, which a dependent stage would wrap. */
    private static CompletableFuture<Void> withoutAnswer(CompletableFuture<Boolean> work) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        var _ = work.whenComplete((_, failure) -> {
            if (failure == null) {
                done.complete(null);
            } else {
                done.completeExceptionally(failure);
            }
        });
        return done;
    }

    private synchronized boolean isClosed() {
        return closed;
    }

    private static BrokerUnavailableException closedException() {
        return new BrokerUnavailableException("the broker is closed");
    }
}
