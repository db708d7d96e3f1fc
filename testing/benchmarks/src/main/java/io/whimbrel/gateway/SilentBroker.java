package io.whimbrel.gateway;

import io.whimbrel.broker.Broker;
import io.whimbrel.broker.BrokerCounters;
import io.whimbrel.broker.IdempotencyKey;
import io.whimbrel.broker.Notices;
import io.whimbrel.broker.PlainChannels;
import io.whimbrel.broker.Published;
import io.whimbrel.broker.PublishedOnce;
import io.whimbrel.broker.Receipts;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** A broker without anybody else: every subscription is there at once, nothing ever comes. Safe for any thread. */
final class SilentBroker implements Broker {
    private static final CompletionStage<Void> READY = CompletableFuture.completedStage(null);

    private final BrokerCounters counters = new BrokerCounters();

    @Override
    public CompletionStage<Published> publish(Publication publication) {
        return CompletableFuture.completedStage(new Published(0, null));
    }

    @Override
    public CompletionStage<Void> subscribe(Topic topic) {
        return READY;
    }

    @Override
    public void unsubscribe(Topic topic) {}

    @Override
    public Optional<String> outage() {
        return Optional.empty();
    }

    @Override
    public BrokerCounters counters() {
        return counters;
    }

    @Override
    public Receipts receipts() {
        throw new UnsupportedOperationException("nobody asks for a receipt");
    }

    @Override
    public CompletionStage<PublishedOnce> publish(Publication publication, IdempotencyKey key) {
        return publish(publication).thenApply(PublishedOnce.First::new);
    }

    @Override
    public Notices notices() {
        throw new UnsupportedOperationException("nobody asks for notices");
    }

    @Override
    public Optional<PlainChannels> plainChannels() {
        return Optional.empty();
    }

    @Override
    public void close() {}
}
