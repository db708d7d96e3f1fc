package io.whimbrel.gateway;

import io.whimbrel.broker.Broker;
import io.whimbrel.broker.BrokerCounters;
import io.whimbrel.broker.BrokerUnavailableException;
import io.whimbrel.broker.IdempotencyKey;
import io.whimbrel.broker.Notices;
import io.whimbrel.broker.PlainChannels;
import io.whimbrel.broker.Published;
import io.whimbrel.broker.PublishedOnce;
import io.whimbrel.broker.Receipts;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/** A broker in the hands of the test: publications come from the test's thread, subscriptions complete when it says so. */
final class FakeBroker implements Broker, PlainChannels {
    private final Listener listener;
    private final Set<Topic> topics = ConcurrentHashMap.newKeySet();
    private final Map<String, Consumer<byte[]>> plain = new ConcurrentHashMap<>();
    private volatile CompletionStage<Void> subscribing = CompletableFuture.completedStage(null);
    final FakeNotices notices;
    private volatile Optional<String> outage = Optional.empty();

    FakeBroker(Listener listener) {
        this(listener, new FakeNotices());
    }

    FakeBroker(Listener listener, FakeNotices notices) {
        this.listener = listener;
        this.notices = notices;
    }

    Set<Topic> topics() {
        return topics;
    }

    /** From now on subscribing waits for this. */
    CompletableFuture<Void> holdSubscriptions() {
        CompletableFuture<Void> held = new CompletableFuture<>();
        subscribing = held;
        return held;
    }

    void goAway() {
        outage = Optional.of("away");
        subscribing = CompletableFuture.failedStage(new BrokerUnavailableException("away"));
    }

    void comeBack() {
        outage = Optional.empty();
        subscribing = CompletableFuture.completedStage(null);
    }

    void plainRecord(String channel, byte[] record) {
        plain.getOrDefault(channel, _ -> {}).accept(record);
    }

    @Override
    public CompletionStage<Published> publish(Publication publication) {
        boolean wanted = topics.contains(publication.topic());
        if (wanted) {
            listener.onPublication(publication);
        }
        return CompletableFuture.completedStage(new Published(wanted ? 1 : 0, null));
    }

    @Override
    public CompletionStage<Void> subscribe(Topic topic) {
        topics.add(topic);
        return subscribing;
    }

    @Override
    public void unsubscribe(Topic topic) {
        topics.remove(topic);
    }

    @Override
    public Optional<String> outage() {
        return outage;
    }

    @Override
    public BrokerCounters counters() {
        return new BrokerCounters();
    }

    @Override
    public Receipts receipts() {
        throw new UnsupportedOperationException("nobody asks for a receipt");
    }

    @Override
    public Notices notices() {
        return notices;
    }

    @Override
    public Optional<PlainChannels> plainChannels() {
        return Optional.of(this);
    }

    @Override
    public void listen(String channel, Consumer<byte[]> consumer) {
        plain.put(channel, consumer);
    }

    @Override
    public CompletionStage<PublishedOnce> publish(Publication publication, IdempotencyKey key) {
        return publish(publication).thenApply(PublishedOnce.First::new);
    }

    @Override
    public CompletionStage<Integer> publish(String channel, byte[] record) {
        throw new AssertionError("a gateway publishes nothing");
    }

    @Override
    public void close() {
        topics.clear();
    }
}
