package io.whimbrel.web;

import io.vertx.core.http.HttpHeaders;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import io.whimbrel.broker.Broker;
import io.whimbrel.broker.BrokerUnavailableException;
import io.whimbrel.broker.NoticesFullException;
import io.whimbrel.model.Address;
import io.whimbrel.model.ClientError;
import io.whimbrel.model.Topic;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;

/**
 * For backends: {@code POST /traces} lets all messages to an address be traced for a while, {@code GET /traces/{uuid}} names the
 * last of its messages that were traced. Safe for any thread.
 */
final class TracesEndpoint {
    static final String PATH = "/traces";
    static final String PREFIX = PATH + '/';

    private static final long DEFAULT_SECONDS = 600;
    private static final long MOST_SECONDS = 3_600;
    private static final int MAX_BODY_BYTES = 4_096;

    private final Senders senders;
    private final FollowedAddresses followed;
    private final Broker broker;
    private final BrokerReads reads;

    TracesEndpoint(Senders senders, FollowedAddresses followed, Broker broker, BrokerReads reads) {
        this.senders = senders;
        this.followed = followed;
        this.broker = broker;
        this.reads = reads;
    }

    /** {@code POST /traces} */
    void begin(Exchange exchange) {
        senders.requireBackend(exchange);
        BodyReader.read(exchange, MAX_BODY_BYTES, body -> {
            JsonObject wish = json(body);
            Address address = address(wish.getValue("uuid"));
            long seconds = seconds(wish.getValue("seconds", DEFAULT_SECONDS));
            exchange.await(
                    followed.follow(address, Duration.ofSeconds(seconds)),
                    reads.timeoutMillis(),
                    _ -> answer(exchange, "{\"uuid\":\"%s\",\"seconds\":%d}".formatted(address, seconds)),
                    failure -> onFailure(exchange, failure));
        });
    }

    /** {@code GET /traces/{uuid}} */
    void list(Exchange exchange) {
        senders.requireBackend(exchange);
        Address address = Address.parse(exchange.path().substring(PREFIX.length()))
                .orElseThrow(() -> new Refusal(Problem.of(ClientError.NOT_FOUND, "There is no such address")));
        reads.await(exchange, broker.traces().recent(Topic.of(address)), ids -> {
            String list = ids.stream().map(JsonText::quote).collect(Collectors.joining(","));
            answer(exchange, "{\"uuid\":\"%s\",\"messages\":[%s]}".formatted(address, list));
        });
    }

    private static void answer(Exchange exchange, String json) {
        exchange.response().putHeader(HttpHeaders.CACHE_CONTROL, Exchange.NO_STORE);
        exchange.answerJson(json);
    }

    private static JsonObject json(byte[] body) {
        try {
            return new JsonObject(new String(body, StandardCharsets.UTF_8));
        } catch (DecodeException _) {
            throw new Refusal(Problem.malformed("The body is not a JSON object"));
        }
    }

    private static Address address(Object uuid) {
        if (uuid instanceof String text) {
            return Address.parse(text).orElseThrow(TracesEndpoint::noAddress);
        }
        throw noAddress();
    }

    private static Refusal noAddress() {
        return new Refusal(Problem.malformed("uuid must be an address, a UUID"));
    }

    private static long seconds(Object value) {
        if ((value instanceof Integer || value instanceof Long) && value instanceof Number number) {
            long seconds = number.longValue();
            if (seconds >= 0 && seconds <= MOST_SECONDS) {
                return seconds;
            }
        }
        throw new Refusal(Problem.malformed("seconds must be a whole number from 0 to " + MOST_SECONDS));
    }

    private static void onFailure(Exchange exchange, Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        switch (cause) {
            case NoticesFullException _ -> exchange.refuse(Problem.unavailable("Too many addresses are followed"));
            case BrokerUnavailableException _, TimeoutException _ ->
                exchange.refuse(Problem.unavailable("What tells the web servers does not answer"));
            default -> exchange.fail(cause);
        }
    }
}
