package io.whimbrel.gateway;

import io.whimbrel.auth.Addresses;
import io.whimbrel.auth.TokenVerdict;
import io.whimbrel.auth.TokenVerifier;
import io.whimbrel.gateway.GatewayMetrics.PlainOutcome;
import io.whimbrel.model.Address;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns records of the original system into publications for the sessions of this gateway. One record after the other,
 * so that order is kept while a token is being asked about. Safe for any thread.
 */
final class PlainRecords {
    /** Larger ones are dropped as malformed. */
    static final int MAX_RECORD_BYTES = 256 * 1024;

    /** Records that may wait for a token's verification; further ones are dropped and counted. */
    static final int MAX_WAITING = 10_000;

    private static final Logger log = LoggerFactory.getLogger(PlainRecords.class);

    private final TokenVerifier verifier;
    private final Subscriptions subscriptions;
    private final Consumer<Publication> deliver;
    private final GatewayMetrics metrics;
    private final InstantSource clock;
    private final Queue<PlainRecord> waiting = new ArrayDeque<>();
    private boolean working;

    PlainRecords(
            TokenVerifier verifier,
            Subscriptions subscriptions,
            Consumer<Publication> deliver,
            GatewayMetrics metrics,
            InstantSource clock) {
        this.verifier = verifier;
        this.subscriptions = subscriptions;
        this.deliver = deliver;
        this.metrics = metrics;
        this.clock = clock;
    }

    void onRecord(byte[] bytes) {
        Optional<PlainRecord> read = bytes.length > MAX_RECORD_BYTES ? Optional.empty() : PlainRecord.read(bytes);
        if (read.isEmpty()) {
            metrics.plainRecord(PlainOutcome.MALFORMED);
            return;
        }
        PlainRecord record = read.get().named(bytes);
        if (record.own()) {
            metrics.plainRecord(PlainOutcome.OWN);
            return;
        }
        synchronized (this) {
            if (waiting.size() >= MAX_WAITING) {
                metrics.plainRecord(PlainOutcome.OVERFLOW);
                return;
            }
            waiting.add(record);
            if (working) {
                return;
            }
            working = true;
        }
        work();
    }

    /** Goes through what waits until a verification takes its time; then it goes on when that is done. */
    private void work() {
        while (true) {
            PlainRecord record;
            synchronized (this) {
                record = waiting.poll();
                if (record == null) {
                    working = false;
                    return;
                }
            }
            CompletableFuture<PlainOutcome> handled =
                    CompletableFuture.completedFuture(record).thenCompose(this::handle);
            if (!handled.isDone()) {
                handled.whenComplete((outcome, failure) -> {
                    account(outcome, failure);
                    work();
                });
                return;
            }
            handled.whenComplete(this::account);
        }
    }

    private void account(PlainOutcome outcome, Throwable failure) {
        if (failure == null) {
            metrics.plainRecord(outcome);
        } else {
            log.error("A plain record could not be handled and is dropped", failure);
        }
    }

    private CompletionStage<PlainOutcome> handle(PlainRecord record) {
        return recipient(record.recipient()).thenCompose(recipient -> {
            Topic topic = Topic.of(recipient);
            if (subscriptions.loopsOf(topic).length == 0) {
                return CompletableFuture.completedStage(PlainOutcome.NOT_HERE);
            }
            return sender(record.sender()).thenApply(sender -> {
                deliver.accept(
                        new Publication(record.id(), topic, clock.millis(), sender.orElse(null), record.message()));
                return PlainOutcome.DELIVERED;
            });
        });
    }

    /** A text that is neither an address nor a token of ours may be a token of a foreign web server. */
    private CompletionStage<Address> recipient(String text) {
        return addressOf(text).thenApply(address -> address.orElseGet(() -> Addresses.ofForeignToken(text)));
    }

    private CompletionStage<Optional<Address>> sender(String text) {
        return text.isEmpty() ? CompletableFuture.completedStage(Optional.empty()) : addressOf(text);
    }

    private CompletionStage<Optional<Address>> addressOf(String text) {
        Optional<Address> address = Address.parse(text);
        if (address.isPresent()) {
            return CompletableFuture.completedStage(address);
        }
        return verifier.verify(text)
                .thenApply(verdict ->
                        verdict instanceof TokenVerdict.Valid valid ? Optional.of(valid.address()) : Optional.empty());
    }
}
