package io.whimbrel.web;

import io.vertx.core.http.HttpHeaders;
import io.whimbrel.broker.Broker;
import io.whimbrel.broker.History;
import io.whimbrel.broker.Hop;
import io.whimbrel.broker.HopWriter;
import io.whimbrel.broker.Outcome;
import io.whimbrel.broker.Trace;
import io.whimbrel.model.ClientError;
import io.whimbrel.model.Position;
import io.whimbrel.model.Publication;
import io.whimbrel.model.PublicationId;
import io.whimbrel.web.Senders.Sender;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * {@code GET /messages/{id}/trace}: the way of a message that was traced, for its sender or a backend. To anybody else it does not
 * exist. What nobody wrote down, since nothing happened, is found out here: whether it waits, or is not kept any more. Safe for
 * any thread.
 */
final class TraceEndpoint implements Endpoint {
    static final String SUFFIX = "/trace";

    /** After so long nobody writes down any more that somebody is being given it. */
    private static final long SETTLED_MICROS = TimeUnit.SECONDS.toMicros(5);

    private static final List<Outcome> ARRIVED = List.of(Outcome.WRITTEN, Outcome.ACKNOWLEDGED);
    private static final List<Outcome> DID_NOT_ARRIVE =
            List.of(Outcome.NOBODY, Outcome.INBOX_FULL, Outcome.CLOSED_SLOW, Outcome.CUT, Outcome.DROPPED);

    private final Senders senders;
    private final Broker broker;
    private final HopWriter writer;
    private final BrokerReads reads;

    TraceEndpoint(Senders senders, Broker broker, HopWriter writer, BrokerReads reads) {
        this.senders = senders;
        this.broker = broker;
        this.writer = writer;
        this.reads = reads;
    }

    /** Whether a path below that of the messages is one of these. */
    static boolean isPath(String path) {
        return path.endsWith(SUFFIX) && path.length() > MessageEndpoint.PREFIX.length() + SUFFIX.length();
    }

    @Override
    public void serve(Exchange exchange) {
        exchange.response().putHeader(HttpHeaders.CACHE_CONTROL, Exchange.NO_STORE);
        String path = exchange.path();
        String id = path.substring(MessageEndpoint.PREFIX.length(), path.length() - SUFFIX.length());
        senders.identifyReader(exchange, sender -> {
            if (!PublicationId.isValid(id)) {
                throw notFound();
            }
            reads.await(exchange, broker.traces().find(id), found -> {
                Trace trace = found.filter(it -> isFor(sender, it)).orElseThrow(TraceEndpoint::notFound);
                reads.await(exchange, end(id, trace), end -> exchange.answerJson(json(id, trace, end.orElse(null))));
            });
        });
    }

    private static boolean isFor(Sender sender, Trace trace) {
        return sender.backend() || (sender.address() != null && sender.address().equals(trace.from()));
    }

    /** What is to be said of a message that no session has. */
    private CompletionStage<Optional<Hop>> end(String id, Trace trace) {
        Position position = trace.position();
        if (position == null || ARRIVED.stream().anyMatch(trace::has) || !isSettled(trace)) {
            return CompletableFuture.completedStage(Optional.empty());
        }
        if (!broker.keeps(trace.topic())) {
            return CompletableFuture.completedStage(Optional.of(expired()));
        }
        return broker.history(trace.topic(), position.offset() - 1, 1)
                .thenApply(history -> Optional.of(isKept(id, history) ? waiting(position) : expired()));
    }

    private boolean isSettled(Trace trace) {
        return DID_NOT_ARRIVE.stream().anyMatch(trace::has)
                || trace.hops().isEmpty()
                || writer.nowMicros() - trace.hops().getLast().timeMicros() > SETTLED_MICROS;
    }

    private static boolean isKept(String id, History history) {
        return history.publications().stream().map(Publication::id).anyMatch(id::equals);
    }

    private Hop waiting(Position position) {
        return writer.hop(writer.nowMicros(), Outcome.WAITING, "at offset " + position.offset());
    }

    private Hop expired() {
        return writer.hop(writer.nowMicros(), Outcome.EXPIRED, "no session had it, and it is not kept any more");
    }

    private String json(String id, Trace trace, @Nullable Hop end) {
        StringBuilder json = new StringBuilder(1024);
        json.append("{\"id\":").append(JsonText.quote(id));
        json.append(",\"topic\":").append(JsonText.quote(trace.topic().name()));
        json.append(",\"hops\":[");
        trace.hops().forEach(hop -> append(json, hop));
        if (trace.more() > 0) {
            append(json, writer.hop(writer.nowMicros(), Outcome.MORE, trace.more() + " further hops were not kept"));
        }
        if (end != null) {
            append(json, end);
        }
        return json.append("]}").toString();
    }

    /** Times are milliseconds since 1970, as everywhere, with three decimals. */
    private static void append(StringBuilder json, Hop hop) {
        json.append(json.charAt(json.length() - 1) == '[' ? "" : ",");
        json.append(String.format(
                Locale.ROOT, "{\"time\":%d.%03d", hop.timeMicros() / 1000, Math.floorMod(hop.timeMicros(), 1000)));
        json.append(",\"node\":").append(JsonText.quote(hop.node()));
        json.append(",\"what\":").append(JsonText.quote(hop.what()));
        json.append(",\"detail\":").append(JsonText.quote(hop.detail())).append('}');
    }

    private static Refusal notFound() {
        return new Refusal(Problem.of(
                ClientError.NOT_FOUND, "There is no such message of yours, it was not traced, or that is long ago"));
    }
}
