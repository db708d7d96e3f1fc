package io.whimbrel.web;

import io.vertx.core.http.HttpHeaders;
import io.whimbrel.broker.Broker;
import io.whimbrel.broker.History;
import io.whimbrel.broker.Receipt;
import io.whimbrel.model.ClientError;
import io.whimbrel.model.Position;
import io.whimbrel.model.Publication;
import io.whimbrel.model.PublicationId;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * {@code GET /messages/{id}}: how far a message has come whose publisher asked for a receipt, for its sender or a backend. To
 * anybody else it does not exist. Safe for any thread.
 */
final class MessageEndpoint implements Endpoint {
    static final String PREFIX = "/messages/";

    /** The furthest it has come. */
    private enum State {
        /** Kept, and nobody has been given it. */
        STORED,
        /** Sent to gateways that have somebody for it. */
        ROUTED,
        WRITTEN,
        ACKED,
        /** Not kept any more, and nobody has been given it. */
        EXPIRED
    }

    private final Senders senders;
    private final Broker broker;
    private final BrokerReads reads;

    MessageEndpoint(Senders senders, Broker broker, BrokerReads reads) {
        this.senders = senders;
        this.broker = broker;
        this.reads = reads;
    }

    @Override
    public void serve(Exchange exchange) {
        exchange.response().putHeader(HttpHeaders.CACHE_CONTROL, Exchange.NO_STORE);
        String id = exchange.path().substring(PREFIX.length());
        senders.identifyReader(exchange, sender -> {
            if (!PublicationId.isValid(id)) {
                throw notFound();
            }
            reads.await(exchange, broker.receipts().find(id), found -> {
                Receipt receipt = found.filter(it -> sender.backend() || isFrom(sender, it))
                        .filter(it -> it.nodes() >= 0 || !it.counts().isEmpty())
                        .orElseThrow(MessageEndpoint::notFound);
                reads.await(exchange, state(id, receipt), state -> answer(exchange, id, receipt, state));
            });
        });
    }

    private static boolean isFrom(Senders.Sender sender, Receipt receipt) {
        return sender.address() != null && sender.address().equals(receipt.from());
    }

    private CompletionStage<State> state(String id, Receipt receipt) {
        if (receipt.acked() > 0) {
            return CompletableFuture.completedStage(State.ACKED);
        }
        if (receipt.written() > 0) {
            return CompletableFuture.completedStage(State.WRITTEN);
        }
        boolean expected = receipt.sessions() > 0
                || (receipt.nodes() > 0 && receipt.counts().isEmpty());
        if (expected) {
            return CompletableFuture.completedStage(State.ROUTED);
        }
        Position position = receipt.position();
        if (position == null || !broker.keeps(receipt.topic())) {
            return CompletableFuture.completedStage(State.EXPIRED);
        }
        return broker.history(receipt.topic(), position.offset() - 1, 1)
                .thenApply(history -> isKept(id, history) ? State.STORED : State.EXPIRED);
    }

    private static boolean isKept(String id, History history) {
        return history.publications().stream().map(Publication::id).anyMatch(id::equals);
    }

    private static void answer(Exchange exchange, String id, Receipt receipt, State state) {
        exchange.answerJson("{\"id\":" + JsonText.quote(id) + ",\"state\":\""
                + state.name().toLowerCase(java.util.Locale.ROOT) + "\",\"receipt\":"
                + AwaitedReceipt.json(Math.max(0, receipt.nodes()), receipt.counts(), -1) + '}');
    }

    private static Refusal notFound() {
        return new Refusal(Problem.of(
                ClientError.NOT_FOUND,
                "There is no such message of yours, it asked for no receipt, or that is long ago"));
    }
}
