package io.whimbrel.web;

import io.vertx.core.http.HttpHeaders;
import io.whimbrel.auth.TokenVerdict.Expired;
import io.whimbrel.auth.TokenVerdict.Invalid;
import io.whimbrel.auth.TokenVerdict.Revoked;
import io.whimbrel.auth.TokenVerdict.Unavailable;
import io.whimbrel.auth.TokenVerdict.Valid;
import io.whimbrel.auth.TokenVerifier;
import io.whimbrel.broker.Broker;
import io.whimbrel.broker.BrokerUnavailableException;
import io.whimbrel.broker.IdempotencyKey;
import io.whimbrel.broker.Published;
import io.whimbrel.broker.PublishedOnce;
import io.whimbrel.broker.PublishedOnce.First;
import io.whimbrel.broker.PublishedOnce.Mismatch;
import io.whimbrel.broker.PublishedOnce.Repeat;
import io.whimbrel.model.Address;
import io.whimbrel.model.ClientError;
import io.whimbrel.model.Publication;
import io.whimbrel.model.PublicationId;
import io.whimbrel.model.Topic;
import io.whimbrel.model.TraceParent;
import io.whimbrel.model.Tracking;
import io.whimbrel.ops.Span;
import io.whimbrel.ops.Spans;
import io.whimbrel.web.Senders.Sender;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * {@code POST /publish}: reads, asks who sends, finds the recipient or, for a backend, the topic, looks at the sender's
 * rate, and only then publishes.
 * A refusal at any step means that nothing was published; only a broker that did not answer in time may have taken it
 * all the same, which a repetition with the same idempotency key finds out. Safe for any thread.
 */
final class PublishEndpoint implements Endpoint {
    /** What says that nothing was published now: the answer is that of an earlier request with the same key. */
    private static final CharSequence REPLAYED = HttpHeaders.createOptimized("Idempotency-Replayed");

    private static final Tracking NO_WISHES = new Tracking(false, null, false, null);

    private static final long NANOS_PER_SECOND = TimeUnit.SECONDS.toNanos(1);

    private final Senders senders;
    private final TokenVerifier verifier;
    private final Rates<Address> rates;
    private final Broker broker;
    private final ReceiptDesk receipts;
    private final TraceDesk traces;
    private final @Nullable PlainCopies copies;
    private final int maxBodyBytes;
    private final long timeoutMillis;
    private final Duration idempotencyTime;
    private final WebMetrics metrics;
    private final Clocks clocks;
    private final Spans spans;

    /** @param copies null where nobody of the original system listens */
    PublishEndpoint(
            WebSettings settings,
            WebParts parts,
            TokenVerifier verifier,
            Senders senders,
            Rates<Address> rates,
            ReceiptDesk receipts,
            TraceDesk traces,
            @Nullable PlainCopies copies,
            WebMetrics metrics,
            Clocks clocks) {
        this.senders = senders;
        this.verifier = verifier;
        this.rates = rates;
        this.broker = parts.broker();
        this.receipts = receipts;
        this.traces = traces;
        this.copies = copies;
        this.maxBodyBytes = settings.maxBodyBytes();
        this.timeoutMillis = settings.publishTimeout().toMillis();
        this.idempotencyTime = settings.idempotencyTime();
        this.metrics = metrics;
        this.clocks = clocks;
        this.spans = parts.spans();
    }

    @Override
    public void serve(Exchange exchange) {
        exchange.onRefusal(metrics::publishRefused);
        BodyFormat format =
                BodyFormat.of(exchange.header(HttpHeaders.CONTENT_TYPE), exchange.header(HttpHeaders.CONTENT_ENCODING));
        String key = IdempotencyKeyHeader.of(exchange);
        BodyReader.read(
                exchange,
                maxBodyBytes,
                body -> onRequest(exchange, PublishRequest.read(format, body).withKey(key)));
    }

    private void onRequest(Exchange exchange, PublishRequest request) {
        String uuidRemote = request.uuidRemote();
        String topic = request.topic();
        if ((uuidRemote == null) == (topic == null)) {
            throw new Refusal(Problem.malformed("Give one of uuid_remote and topic: it says who receives"));
        }
        senders.identify(exchange, request.uuidLocal(), sender -> {
            if (topic != null) {
                publish(exchange, request, sender, new Recipient(requireTopic(sender, topic), null));
            } else if (uuidRemote != null) {
                findRecipient(exchange, uuidRemote, recipient -> publish(exchange, request, sender, recipient));
            }
        });
    }

    private static Topic requireTopic(Sender sender, String name) {
        if (!sender.backend()) {
            throw new Refusal(Problem.of(ClientError.FORBIDDEN_TOPIC, "Publishing to a topic takes an X-API-Key"));
        }
        return Topic.parse(name)
                .orElseThrow(() -> new Refusal(Problem.of(
                        ClientError.INVALID_TOPIC,
                        "A topic's name has 1 to %d characters, no control characters, and begins with neither @ nor }"
                                .formatted(Topic.MAX_LENGTH))));
    }

    /** An address, or, from clients of the original system, which show their token as their name, a token. */
    private void findRecipient(Exchange exchange, String uuidRemote, Consumer<Recipient> onRecipient) {
        Optional<Address> address = Address.parse(uuidRemote);
        if (address.isPresent()) {
            onRecipient.accept(new Recipient(Topic.of(address.get()), uuidRemote));
            return;
        }
        exchange.await(verifier.verify(uuidRemote), verdict -> {
            switch (verdict) {
                case Valid valid -> onRecipient.accept(new Recipient(Topic.of(valid.address()), uuidRemote));
                case Expired _ -> throw invalidRecipient("uuid_remote holds a token that is expired");
                case Revoked _ -> throw invalidRecipient("uuid_remote holds a token that was revoked");
                case Invalid _ ->
                    throw invalidRecipient("uuid_remote is neither an address nor a token of this server");
                case Unavailable _ -> throw new Refusal(Problem.unavailable("Tokens cannot be verified at the moment"));
            }
        });
    }

    private void publish(Exchange exchange, PublishRequest request, Sender sender, Recipient recipient) {
        requirePace(sender);
        long timeMillis = clocks.wall().millis();
        Wishes wishes = request.wishes();
        Wishes.Level level = wishes.receipt();
        if (level != null) {
            requireAcknowledgeable(level, recipient.topic());
        }
        boolean traced = traces.takes(wishes, recipient.topic());
        Publication publication = carryTrace(
                exchange,
                new Publication(
                        PublicationId.next(timeMillis),
                        recipient.topic(),
                        timeMillis,
                        sender.address(),
                        request.message(),
                        null,
                        tracking(level, traced)));
        AwaitedReceipt receipt =
                level == null ? null : receipts.open(publication, level, wishes.timeoutMillis(), exchange);
        PublishTrail trail = traced ? traces.begin(publication, sender.backend()) : null;
        publish(exchange, request, sender, publication, trail, outcome -> {
            if (trail != null) {
                trail.onOutcome(outcome);
            }
            onOutcome(exchange, recipient, publication, receipt, outcome);
        });
    }

    private @Nullable Tracking tracking(Wishes.@Nullable Level level, boolean traced) {
        if (level == null && !traced) {
            return null;
        }
        return new Tracking(level != null, level == null ? null : receipts.asker(), traced, null);
    }

    /** What has it next belongs to our span or, where none is recorded, to the publisher's. */
    private Publication carryTrace(Exchange exchange, Publication publication) {
        TraceParent parent = TraceParentHeader.of(exchange);
        Span span = spans.begin(PublishSpan.NAME, Spans.Kind.PRODUCER, parent);
        if (span != null) {
            exchange.traced(new PublishSpan(span, publication));
            parent = span.context();
        }
        if (parent == null) {
            return publication;
        }
        Tracking known = publication.tracking() == null ? NO_WISHES : publication.tracking();
        return publication.tracked(new Tracking(known.receipt(), known.asker(), known.traced(), parent.toString()));
    }

    /** Offsets are what clients acknowledge, and of their own address alone. */
    private void requireAcknowledgeable(Wishes.Level level, Topic topic) {
        if (level == Wishes.Level.ACKED && !(topic.isReserved() && broker.keeps(topic))) {
            throw new Refusal(Problem.malformed(
                    "Only what is kept for an address is acknowledged: ask for the receipt \"written\" here"));
        }
    }

    private void publish(
            Exchange exchange,
            PublishRequest request,
            Sender sender,
            Publication publication,
            @Nullable PublishTrail trail,
            Consumer<PublishedOnce> onOutcome) {
        String key = request.idempotencyKey();
        if (key == null) {
            await(exchange, () -> broker.publish(publication), trail, it -> onOutcome.accept(new First(it)));
        } else {
            String identity = Senders.identity(exchange, sender);
            IdempotencyKey once = IdempotencyKey.of(identity, key, publication.payload(), idempotencyTime);
            await(exchange, () -> broker.publish(publication, once), trail, onOutcome);
        }
    }

    private <T> void await(
            Exchange exchange,
            Supplier<CompletionStage<T>> publishing,
            @Nullable PublishTrail trail,
            Consumer<T> onAnswer) {
        long began = clocks.nanos().getAsLong();
        exchange.await(
                publishing.get(),
                timeoutMillis,
                answer -> {
                    metrics.brokerAnswered(clocks.nanos().getAsLong() - began);
                    onAnswer.accept(answer);
                },
                failure -> {
                    if (trail != null) {
                        trail.onFailure();
                    }
                    onFailure(exchange, failure);
                });
    }

    private void requirePace(Sender sender) {
        if (sender.backend() || sender.address() == null) {
            return;
        }
        long waitNanos = rates.take(sender.address());
        if (waitNanos > 0) {
            long seconds = Math.max(1, Math.ceilDiv(waitNanos, NANOS_PER_SECOND));
            throw new Refusal(Problem.rateLimited("Publish more slowly", seconds));
        }
    }

    private void onOutcome(
            Exchange exchange,
            Recipient recipient,
            Publication publication,
            @Nullable AwaitedReceipt receipt,
            PublishedOnce outcome) {
        PublishSpan span = exchange.span();
        switch (outcome) {
            case First(Published published) -> {
                metrics.published.increment();
                if (span != null) {
                    span.onPublished(published);
                }
                String id = publication.id(); // alone: its payload is not to be held for as long as a receipt takes
                if (receipt == null) {
                    answer(exchange, id, published, null);
                } else {
                    receipts.await(exchange, id, receipt, published, json -> answer(exchange, id, published, json));
                }
                copy(recipient, publication);
            }
            case Repeat(String id, Published published) -> {
                metrics.replayed.increment();
                if (span != null) {
                    span.onPublished(published);
                    span.onReplayed(id);
                }
                exchange.response().putHeader(REPLAYED, "true");
                if (receipt == null) {
                    answer(exchange, id, published, null);
                } else {
                    receipts.awaitAgain(exchange, id, receipt, json -> answer(exchange, id, published, json));
                }
            }
            case Mismatch() ->
                throw new Refusal(Problem.of(
                        ClientError.IDEMPOTENCY_MISMATCH,
                        "This key came with another message to this recipient before: a new message takes a new key"));
        }
    }

    private void copy(Recipient recipient, Publication publication) {
        String uuidRemote = recipient.uuidRemote();
        if (copies != null && uuidRemote != null) {
            copies.send(uuidRemote, publication);
        }
    }

    /** @param receipt in JSON; null where none was asked for, or none is known */
    private static void answer(Exchange exchange, String id, Published published, @Nullable String receipt) {
        exchange.response().putHeader(HttpHeaders.CACHE_CONTROL, Exchange.NO_STORE);
        exchange.answerJson("{\"status\":true,\"id\":\"" + id + "\",\"online\":" + (published.nodes() > 0)
                + ",\"stored\":" + published.isStored() + (receipt == null ? "" : ",\"receipt\":" + receipt) + '}');
    }

    private static void onFailure(Exchange exchange, Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        switch (cause) {
            case BrokerUnavailableException unavailable
            when unavailable.lacksReplicas() ->
                exchange.refuse(Problem.unavailable("The message was not accepted: too few replicas can have it."
                        + " It may arrive all the same; repeated with its Idempotency-Key it arrives once"));
            case BrokerUnavailableException _, TimeoutException _ ->
                exchange.refuse(Problem.unavailable("The message was not taken: what carries it does not answer"));
            default -> exchange.fail(cause);
        }
    }

    private static Refusal invalidRecipient(String detail) {
        return new Refusal(Problem.of(ClientError.INVALID_RECIPIENT, detail));
    }

    /**
     * Where a publication goes.
     *
     * @param uuidRemote as the publisher gave it; null for a topic that is no address, which the original system lacks
     */
    private record Recipient(Topic topic, @Nullable String uuidRemote) {}
}
