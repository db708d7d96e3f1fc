package io.whimbrel.system.chaos;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Tell whether messages flow: at each gateway one client for each shard of Redis, to which each web server publishes ten times a
 * second, five where there are several shards, past all wires; and what each part says of its readiness. The slots of their
 * topics stay where they are, so that each tells of its shard for the whole run, and of nothing else; what becomes of a slot
 * that moves is seen at the clients, to whom nearly all keys belong. Safe for any thread.
 */
final class Canaries implements AutoCloseable {
    private static final long EVERY_MILLIS = 100;
    private static final long EVERY_MILLIS_OF_SEVERAL = 200;
    private static final long POLL_MILLIS = 250;
    private static final Duration POLL_TIMEOUT = Duration.ofSeconds(1);
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);
    /** Who gets to run so late saw nothing of what happened meanwhile. */
    private static final long STALL_MILLIS = 600;

    private static final String LACK_OF_REPLICAS = "too few replicas";

    private final HttpClient http;
    private final Desk desk;
    private final ScheduledExecutorService clock;
    private final Ledger ledger;
    private final List<ScheduledFuture<?>> tasks = new ArrayList<>();
    private final List<CanaryClient> clients = new ArrayList<>();
    private volatile boolean closed;
    private long tickedAt;

    Canaries(HttpClient http, ScheduledExecutorService clock, Ledger ledger) {
        this.http = http;
        this.desk = new Desk(http);
        this.clock = clock;
        this.ledger = ledger;
    }

    void begin(Stage stage) throws Exception {
        long everyMillis = stage.redis().shards() == 1 ? EVERY_MILLIS : EVERY_MILLIS_OF_SEVERAL;
        for (Service gateway : stage.gateways()) {
            for (int shard = 0; shard < stage.redis().shards(); shard++) {
                CanaryClient client =
                        new CanaryClient(new Canary(gateway.name(), shard), gateway.port(), identityOn(shard, stage));
                clients.add(client);
                client.connect();
                for (Service web : stage.webs()) {
                    every(everyMillis, () -> send(web, client));
                }
            }
        }
        for (Service service : stage.services()) {
            every(
                    POLL_MILLIS,
                    () -> desk.readiness(service.adminPort(), POLL_TIMEOUT)
                            .thenAccept(status -> ledger.note(new Entry.Polled(ledger.now(), service.name(), status))));
        }
        tickedAt = ledger.now();
        every(EVERY_MILLIS, this::watchOurselves);
    }

    /** They are given at random, so it asks until one is of that shard: what braces hold is what Redis places a channel by. */
    private JsonNode identityOn(int shard, Stage stage) throws Exception {
        while (true) {
            JsonNode identity = desk.newIdentity(stage.webs().getFirst().port());
            String channel = "whimbrel:{@%s}".formatted(identity.path("uuid").asText());
            if (stage.redis().shardOf(channel) == shard) {
                stage.redis().keepInPlace(channel);
                return identity;
            }
        }
    }

    private void every(long millis, Runnable what) {
        tasks.add(clock.scheduleAtFixedRate(what, millis, millis, TimeUnit.MILLISECONDS));
    }

    private void send(Service web, CanaryClient to) {
        long startedAt = ledger.now();
        desk.publish(
                        web.port(),
                        "{\"uuid_remote\":\"%s\",\"message\":{\"canary\":%d}}".formatted(to.address, startedAt),
                        "")
                .whenComplete((answer, failure) -> ledger.note(new Entry.CanarySent(
                        ledger.now(),
                        startedAt,
                        web.name(),
                        to.canary,
                        failure == null ? answer.statusCode() : 0,
                        failure == null && answer.body().contains(LACK_OF_REPLICAS))));
    }

    private void watchOurselves() {
        long now = ledger.now();
        if (now - tickedAt > STALL_MILLIS) {
            ledger.note(new Entry.Stalled(now, tickedAt));
        }
        tickedAt = now;
    }

    @Override
    public void close() {
        closed = true;
        tasks.forEach(task -> task.cancel(false));
        clients.forEach(CanaryClient::end);
    }

    /** The connections of one of them. */
    private final class CanaryClient implements WebSocket.Listener {
        private final Canary canary;
        private final int gatewayPort;
        private final String token;
        private final String address;
        private final Client client;
        private final StringBuilder text = new StringBuilder();
        private volatile @Nullable WebSocket socket;
        private final AtomicInteger sessions = new AtomicInteger();

        CanaryClient(Canary canary, int gatewayPort, JsonNode identity) {
            this.canary = canary;
            this.gatewayPort = gatewayPort;
            token = identity.path("token").asText();
            address = identity.path("uuid").asText();
            client = new Client(canary.toString(), address);
        }

        void connect() {
            http.newWebSocketBuilder()
                    .connectTimeout(CONNECT_TIMEOUT)
                    .buildAsync(URI.create("ws://127.0.0.1:%d/ws?token=%s".formatted(gatewayPort, token)), this)
                    .whenComplete((opened, failure) -> {
                        if (failure == null) {
                            socket = opened;
                            ledger.note(new Entry.Opened(ledger.now(), client, sessions.incrementAndGet()));
                        } else {
                            connectLater(failure.toString());
                        }
                    });
        }

        private void connectLater(String why) {
            if (!closed && !clock.isShutdown()) {
                ledger.note(new Entry.Closed(ledger.now(), client, sessions.get(), why));
                text.setLength(0);
                var _ = clock.schedule(this::connect, EVERY_MILLIS, TimeUnit.MILLISECONDS);
            }
        }

        void end() {
            WebSocket last = socket;
            if (last != null) {
                last.abort();
            }
        }

        @Override
        public @Nullable CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
            text.append(data);
            if (last) {
                long startedAt = Desk.json(text.toString())
                        .path("message")
                        .path("canary")
                        .asLong();
                ledger.note(new Entry.CanaryCame(ledger.now(), startedAt, canary));
                text.setLength(0);
            }
            from.request(1);
            return null;
        }

        @Override
        public @Nullable CompletionStage<?> onClose(WebSocket from, int code, String reason) {
            connectLater(code + " " + reason);
            return null;
        }

        @Override
        public void onError(WebSocket from, Throwable error) {
            connectLater(error.toString());
        }
    }
}
