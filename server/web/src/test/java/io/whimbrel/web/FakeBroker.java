package io.whimbrel.web;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.whimbrel.broker.Broker;
import io.whimbrel.broker.BrokerCounters;
import io.whimbrel.broker.BrokerUnavailableException;
import io.whimbrel.broker.IdempotencyKey;
import io.whimbrel.broker.Notices;
import io.whimbrel.broker.PlainChannels;
import io.whimbrel.broker.Published;
import io.whimbrel.broker.PublishedOnce;
import io.whimbrel.broker.Receipt;
import io.whimbrel.broker.Receipts;
import io.whimbrel.broker.Traces;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Remembers what was published, and answers as it is told. */
final class FakeBroker implements Broker, PlainChannels {
    final List<Publication> published = new CopyOnWriteArrayList<>();
    final List<PlainRecord> plain = new CopyOnWriteArrayList<>();
    volatile CompletionStage<Published> answer = CompletableFuture.completedFuture(new Published(1, null));
    /** The keys that came with publications. */
    final List<IdempotencyKey> keys = new CopyOnWriteArrayList<>();
    /** What became of a publication with a key; null where it is the first. */
    volatile @Nullable PublishedOnce outcome;

    final FakeNotices notices = new FakeNotices();
    volatile Traces traces = Traces.NONE;
    volatile boolean plainFails;
    volatile boolean hasPlainChannels = true;

    record PlainRecord(String channel, String text) {}

    @Override
    public CompletionStage<Published> publish(Publication publication) {
        published.add(publication);
        return answer;
    }

    @Override
    public CompletionStage<PublishedOnce> publish(Publication publication, IdempotencyKey key) {
        keys.add(key);
        PublishedOnce told = outcome;
        return told == null
                ? publish(publication).thenApply(PublishedOnce.First::new)
                : CompletableFuture.completedFuture(told);
    }

    @Override
    public CompletionStage<Integer> publish(String channel, byte[] record) {
        if (plainFails) {
            return CompletableFuture.failedFuture(new BrokerUnavailableException("away"));
        }
        plain.add(new PlainRecord(channel, new String(record, UTF_8)));
        return CompletableFuture.completedFuture(1);
    }

    @Override
    public Receipts receipts() {
        return new NoReceipts();
    }

    @Override
    public Notices notices() {
        return notices;
    }

    @Override
    public Traces traces() {
        return traces;
    }

    @Override
    public Optional<PlainChannels> plainChannels() {
        return hasPlainChannels ? Optional.of(this) : Optional.empty();
    }

    @Override
    public CompletionStage<Void> subscribe(Topic topic) {
        throw new UnsupportedOperationException("a web server only publishes");
    }

    @Override
    public void unsubscribe(Topic topic) {
        throw new UnsupportedOperationException("a web server only publishes");
    }

    @Override
    public void listen(String channel, Consumer<byte[]> listener) {
        throw new UnsupportedOperationException("a web server only publishes");
    }

    @Override
    public Optional<String> outage() {
        return Optional.empty();
    }

    @Override
    public BrokerCounters counters() {
        return new BrokerCounters();
    }

    @Override
    public void close() {}

    /** Nobody tells of anything here. */
    private static final class NoReceipts implements Receipts {
        @Override
        public CompletionStage<Void> open(Publication publication) {
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public CompletionStage<Void> settle(String id, Published published) {
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public CompletionStage<Void> report(Collection<Count> counts) {
            throw new UnsupportedOperationException("a web server counts nothing");
        }

        @Override
        public CompletionStage<Optional<Receipt>> find(String id) {
            return CompletableFuture.completedFuture(Optional.empty());
        }

        @Override
        public String hear(Consumer<Count> listener) {
            return "fake";
        }
    }
}
