package io.whimbrel.broker.memory;

import io.whimbrel.broker.Broker;
import io.whimbrel.broker.BrokerCounters;
import io.whimbrel.broker.BrokerUnavailableException;
import io.whimbrel.broker.History;
import io.whimbrel.broker.IdempotencyKey;
import io.whimbrel.broker.PlainChannels;
import io.whimbrel.broker.Published;
import io.whimbrel.broker.PublishedOnce;
import io.whimbrel.broker.memory.MemoryNetwork.Receiver;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/** One node of a {@link MemoryNetwork}. Subscriptions take effect within the call. Safe for any thread. */
public final class MemoryBroker implements Broker, PlainChannels {
    private static final String TOPIC = "topic ";
    private static final String PLAIN = "plain ";

    private final MemoryNetwork network;
    private final Receiver subscriber;
    private final BrokerCounters counters = new BrokerCounters();
    /** What this node joined, by the name in the network. Guarded by this, as is {@code closed}. */
    private final Map<String, List<Receiver>> joined = new HashMap<>();

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
        if (!keeps(topic)) {
            throw new IllegalArgumentException(topic + " is not kept");
        }
        return isClosed() ? CompletableFuture.failedStage(closedException()) : network.history(topic, after, limit);
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
    public Optional<PlainChannels> plainChannels() {
        return Optional.of(this);
    }

    @Override
    public synchronized void close() {
        closed = true;
        joined.forEach((name, receivers) -> receivers.forEach(receiver -> network.remove(name, receiver)));
        joined.clear();
    }

    private synchronized boolean isClosed() {
        return closed;
    }

    private static BrokerUnavailableException closedException() {
        return new BrokerUnavailableException("the broker is closed");
    }
}
