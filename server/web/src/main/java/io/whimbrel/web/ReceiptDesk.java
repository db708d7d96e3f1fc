package io.whimbrel.web;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.whimbrel.broker.Published;
import io.whimbrel.broker.Receipts;
import io.whimbrel.broker.Receipts.Count;
import io.whimbrel.model.Publication;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Publishers that wait to hear which sessions have their message. Each waits for its own time and no longer; how many may wait
 * is limited. Safe for any thread.
 */
final class ReceiptDesk {
    /** How long the broker may take to be read at the end. */
    private static final long BROKER_MILLIS = 1_000;

    private static final long LOOK_EVERY_MILLIS = 100;

    private final Receipts receipts;
    private final int limit;
    private final LongSupplier nanoClock;
    private final String asker;
    private final Map<String, AwaitedReceipt> waiting = new ConcurrentHashMap<>();

    ReceiptDesk(Receipts receipts, int limit, MeterRegistry registry, LongSupplier nanoClock) {
        this.receipts = receipts;
        this.limit = limit;
        this.nanoClock = nanoClock;
        asker = receipts.hear(this::onCount);
        Gauge.builder("whimbrel.web.receipts.waiting", waiting, Map::size)
                .description("Publishers that wait for a receipt")
                .register(registry);
    }

    /** See {@link io.whimbrel.model.Tracking#asker}. */
    String asker() {
        return asker;
    }

    /** Begins to wait; called before the publication is published, so that no report is missed. */
    AwaitedReceipt open(Publication publication, Wishes.Level level, long timeoutMillis, Exchange exchange) {
        if (waiting.size() >= limit) {
            throw new Refusal(Problem.unavailable("Too many publishers wait for a receipt at the moment"));
        }
        AwaitedReceipt receipt = new AwaitedReceipt(level, timeoutMillis, nanoClock.getAsLong());
        waiting.put(publication.id(), receipt);
        exchange.takeTime(Duration.ofMillis(timeoutMillis + BROKER_MILLIS));
        exchange.onAnswered(() -> waiting.remove(publication.id()));
        var _ = receipts.open(publication); // where that fails the publication on the same connection fails as well
        return receipt;
    }

    /** Goes on with the receipt in JSON, when it is complete or the time is over. */
    void await(
            Exchange exchange,
            String id,
            AwaitedReceipt receipt,
            Published published,
            Consumer<@Nullable String> then) {
        var _ = receipts.settle(id, published); // what becomes of the record is not what the publisher waits for
        receipt.onPublished(published.nodes());
        exchange.await(
                receipt.complete(),
                receipt.leftMillis(nanoClock.getAsLong()),
                _ -> then.accept(json(receipt)),
                _ -> readAnd(exchange, id, receipt, _ -> then.accept(json(receipt))));
    }

    /** The same for a publication that was published before, perhaps by another server: it is looked for now and then. */
    void awaitAgain(Exchange exchange, String id, AwaitedReceipt receipt, Consumer<@Nullable String> then) {
        readAnd(exchange, id, receipt, found -> {
            if (!found) {
                then.accept(null);
            } else if (receipt.isComplete() || receipt.leftMillis(nanoClock.getAsLong()) <= LOOK_EVERY_MILLIS) {
                then.accept(json(receipt));
            } else {
                exchange.later(LOOK_EVERY_MILLIS, () -> awaitAgain(exchange, id, receipt, then));
            }
        });
    }

    /** Adds what the broker knows, which may be more than this server heard of. */
    private void readAnd(Exchange exchange, String id, AwaitedReceipt receipt, Consumer<Boolean> then) {
        exchange.await(
                receipts.find(id),
                BROKER_MILLIS,
                found -> {
                    found.ifPresent(known -> {
                        receipt.onPublished(known.nodes());
                        known.counts().forEach(receipt::onCount);
                    });
                    exchange.run(() -> then.accept(found.isPresent())); // unless that has completed it just now
                },
                _ -> then.accept(false)); // then the answer says what was heard
    }

    private String json(AwaitedReceipt receipt) {
        return receipt.json(nanoClock.getAsLong());
    }

    private void onCount(Count count) {
        AwaitedReceipt receipt = waiting.get(count.id());
        if (receipt != null) {
            receipt.onCount(count);
        }
    }
}
