package io.whimbrel.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.WebSocket;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;

/**
 * A client that wants everything: it comes back whenever it loses its connection, each time to the next gateway, and drops
 * what it has already. Safe for any thread.
 */
final class Recipient implements AutoCloseable {
    /** How it lets the gateway know what it has. */
    enum Habit {
        BRINGS_POSITION,
        ACKNOWLEDGES
    }

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long LONGEST_BACKOFF_MILLIS = 200;

    private final String token;
    private final String address;
    private final List<Integer> gatewayPorts;
    private final Habit habit;

    private int turn;
    private Life life = new Life(); // the first one never begins
    private boolean wanted;
    private boolean here;
    private int returns;

    private final List<String> ids = new ArrayList<>();
    private final List<Long> offsets = new ArrayList<>();
    private final List<String> told = new ArrayList<>();
    private String epoch = "";
    private long offset;
    private int repeated;

    private Recipient(Client client, List<Integer> gatewayPorts, Habit habit) {
        token = client.token();
        address = client.address();
        this.gatewayPorts = gatewayPorts;
        this.habit = habit;
    }

    /** @param gatewayPorts it begins with the first one */
    static Recipient of(Client client, List<Integer> gatewayPorts, Habit habit) {
        return new Recipient(client, List.copyOf(gatewayPorts), habit);
    }

    String address() {
        return address;
    }

    Habit habit() {
        return habit;
    }

    /** Connects, and again whenever the connection is lost. */
    synchronized void come() {
        wanted = true;
        connect();
    }

    /** Goes without a word and stays away. */
    synchronized void goAway() {
        wanted = false;
        here = false;
        life.end();
    }

    private synchronized void connect() {
        if (!wanted) {
            return;
        }
        Life next = new Life();
        life = next;
        String position = habit == Habit.BRINGS_POSITION && !epoch.isEmpty()
                ? "&offset=%d&epoch=%s".formatted(offset, epoch)
                : "&acks=1";
        int port = gatewayPorts.get(turn++ % gatewayPorts.size());
        Client.HTTP
                .newWebSocketBuilder()
                .connectTimeout(Part.DEADLINE)
                .buildAsync(URI.create("ws://127.0.0.1:%d/ws?token=%s%s".formatted(port, token, position)), next)
                .whenComplete((socket, failure) -> {
                    if (failure == null) {
                        onOpen(next);
                    } else {
                        onLost(next);
                    }
                });
    }

    private synchronized void onOpen(Life opened) {
        if (life == opened && wanted) {
            here = true;
            returns++;
        } else {
            opened.end();
        }
    }

    private synchronized void onLost(Life lost) {
        if (life != lost) {
            return;
        }
        here = false;
        life = new Life();
        long millis = ThreadLocalRandom.current().nextLong(LONGEST_BACKOFF_MILLIS) + 1;
        CompletableFuture.delayedExecutor(millis, TimeUnit.MILLISECONDS).execute(this::connect);
    }

    private synchronized void onFrame(Life from, JsonNode frame) {
        if (life != from) {
            return; // what comes of a connection that was given up would be asked for once more
        }
        String ofEpoch = frame.path("epoch").asText();
        long at = frame.path("offset").asLong();
        if (frame.has("recovered")) {
            told.add(frame.toString());
        } else if ((ofEpoch.equals(epoch) && at <= offset)
                || ids.contains(frame.path("id").asText())) {
            repeated++;
            epoch = ofEpoch; // Redis may have begun another one since
            offset = Math.max(at, offset);
            return;
        } else {
            ids.add(frame.path("id").asText());
            offsets.add(at);
        }
        epoch = ofEpoch;
        offset = at;
        if (habit == Habit.ACKNOWLEDGES) {
            from.send("{\"ack\":" + at + "}");
        }
    }

    synchronized boolean isHere() {
        return here;
    }

    /** How many messages it has, repetitions left out. */
    synchronized int received() {
        return ids.size();
    }

    /** How often a message came that it had. */
    synchronized int repeated() {
        return repeated;
    }

    /** How often it was connected. */
    synchronized int returns() {
        return returns;
    }

    /** What it was told of losses. */
    synchronized List<String> told() {
        return List.copyOf(told);
    }

    /** That it has each of these once, all that its address ever got, in order and without a gap. */
    synchronized void assertHasExactly(Collection<String> acceptedIds) {
        assertThat(ids).as(this::toString).containsExactlyInAnyOrderElementsOf(acceptedIds);
        assertThat(offsets)
                .as(this::toString)
                .containsExactlyElementsOf(
                        LongStream.rangeClosed(1, ids.size()).boxed().toList());
        assertThat(told).as(this::toString).isEmpty();
    }

    @Override
    public synchronized String toString() {
        return "%s, %s, here: %s, connected %d times, at %d in %s, repeated %d, told %s"
                .formatted(address, habit, here, returns, offset, epoch, repeated, told);
    }

    @Override
    public void close() {
        goAway();
    }

    /** One connection. */
    private final class Life implements WebSocket.Listener {
        private final StringBuilder text = new StringBuilder();
        private final CompletableFuture<WebSocket> opened = new CompletableFuture<>();
        private CompletionStage<?> sent = opened;

        /** The JDK takes one message at a time. */
        void send(String message) {
            sent = sent.thenCompose(_ -> opened.join().sendText(message, true));
        }

        void end() {
            opened.thenAccept(WebSocket::abort);
        }

        @Override
        public void onOpen(WebSocket socket) {
            opened.complete(socket);
            WebSocket.Listener.super.onOpen(socket);
        }

        @Override
        public CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
            text.append(data);
            if (last) {
                try {
                    onFrame(this, JSON.readTree(text.toString()));
                } catch (JsonProcessingException e) {
                    throw new UncheckedIOException(e);
                }
                text.setLength(0);
            }
            return WebSocket.Listener.super.onText(socket, data, last);
        }

        @Override
        public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
            onLost(this);
            return WebSocket.Listener.super.onClose(socket, code, reason);
        }

        @Override
        public void onError(WebSocket socket, Throwable error) {
            onLost(this);
        }
    }
}
