package io.whimbrel.system.chaos;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A client of the bare protocol that must miss nothing: it comes back whenever its connection is lost, each time to the next
 * gateway, and drops what it has. It notes everything that comes. Safe for any thread.
 */
final class ChaosClient implements AutoCloseable {
    /** How it lets the gateway know what it has. */
    enum Habit {
        BRINGS_POSITION,
        ACKNOWLEDGES
    }

    enum Temper {
        STEADY,
        /** Does not read at all for seconds, now and then. */
        SLOW,
        /** Hangs up without a word and stays away for seconds, again and again. */
        ROVING
    }

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);
    private static final long LONGEST_BACKOFF_MILLIS = 300;
    private static final long PING_MILLIS = 1_000;
    private static final int ONE_IN_SO_MANY_FRAMES_STALLS = 40;
    private static final long LONGEST_STALL_MILLIS = 8_000;
    private static final long LONGEST_STAY_MILLIS = 8_000;

    private final HttpClient http;
    private final ScheduledExecutorService clock;
    private final Ledger ledger;
    private final String token;
    private final Client client;
    private final List<Integer> ports;
    private final Habit habit;
    private final Temper temper;
    private final Random random;

    private final Set<String> shown = new HashSet<>();
    private Life life = new Life(0); // the first one never begins
    private boolean wanted;
    private boolean beenHere;
    private boolean calm;
    private boolean closed;
    private int turn;
    private String epoch = "";
    private long offset;
    /** Whether it heard of a loss; then all that is kept comes once more. */
    private boolean wasTold;

    /**
     * @param identity others may have the same
     * @param number decides about its habits
     */
    ChaosClient(
            HttpClient http,
            ScheduledExecutorService clock,
            Ledger ledger,
            JsonNode identity,
            List<Integer> gatewayPorts,
            int number,
            long seed) {
        this.http = http;
        this.clock = clock;
        this.ledger = ledger;
        token = identity.path("token").asText();
        client = new Client("client " + number, identity.path("uuid").asText());
        ports = List.copyOf(gatewayPorts);
        habit = number % 2 == 0 ? Habit.BRINGS_POSITION : Habit.ACKNOWLEDGES;
        temper = Temper.values()[number / 2 % Temper.values().length];
        random = new Random(seed + number);
        turn = number;
    }

    String address() {
        return client.address();
    }

    boolean isSlow() {
        return temper == Temper.SLOW;
    }

    /** Connects, and from then on lives as its temper is. */
    synchronized void come() {
        wanted = true;
        connect();
        if (temper == Temper.ROVING) {
            later(random.nextLong(LONGEST_STAY_MILLIS), this::rove);
        }
    }

    private synchronized void rove() {
        if (calm) {
            return;
        }
        if (wanted) {
            wanted = false;
            life.end();
            ledger.note(new Entry.Closed(ledger.now(), client, life.session, "goes away"));
        } else {
            wanted = true;
            connect();
        }
        later(random.nextLong(LONGEST_STAY_MILLIS / 2), this::rove);
    }

    /** From now on it stays and reads. */
    synchronized void calmDown() {
        calm = true;
        if (!wanted) {
            wanted = true;
            connect();
        }
    }

    private synchronized void connect() {
        if (!wanted || closed) {
            return;
        }
        Life next = new Life(life.session + 1);
        life = next;
        boolean positioned = habit == Habit.BRINGS_POSITION && !epoch.isEmpty();
        String more = positioned ? "&offset=%d&epoch=%s".formatted(offset, epoch) : "&acks=1";
        ledger.note(
                new Entry.Coming(ledger.now(), client, next.session, positioned ? epoch : "", positioned ? offset : 0));
        int port = ports.get(turn++ % ports.size());
        http.newWebSocketBuilder()
                .connectTimeout(CONNECT_TIMEOUT)
                .buildAsync(URI.create("ws://127.0.0.1:%d/ws?token=%s%s".formatted(port, token, more)), next)
                .whenComplete((_, failure) -> {
                    if (failure == null) {
                        onOpen(next);
                    } else {
                        onLost(next, String.valueOf(failure));
                    }
                });
    }

    private synchronized void onOpen(Life opened) {
        if (life == opened && wanted && !closed) {
            beenHere = true;
            ledger.note(new Entry.Opened(ledger.now(), client, opened.session));
            later(PING_MILLIS, () -> ping(opened));
        } else {
            opened.end();
        }
    }

    /** Who does not read finds out only by writing that its connection is gone. */
    private synchronized void ping(Life opened) {
        if (life == opened && !opened.lost && !closed) {
            opened.ping();
            later(PING_MILLIS, () -> ping(opened));
        }
    }

    private synchronized void onLost(Life lost, String why) {
        if (life != lost || lost.lost) {
            return;
        }
        lost.lost = true;
        ledger.note(new Entry.Closed(ledger.now(), client, lost.session, why));
        lost.end();
        later(random.nextLong(LONGEST_BACKOFF_MILLIS) + 1, this::connect);
    }

    private void later(long millis, Runnable what) {
        if (!clock.isShutdown()) {
            var _ = clock.schedule(what, millis, TimeUnit.MILLISECONDS);
        }
    }

    private synchronized void onFrame(Life from, JsonNode frame) {
        if (life != from || from.lost || closed) {
            return; // what comes of a connection that was given up will be asked for once more
        }
        long at = ledger.now();
        String ofEpoch = frame.path("epoch").asText();
        long ofOffset = frame.path("offset").asLong();
        if (frame.has("recovered")) {
            wasTold = true;
            ledger.note(new Entry.ToldLost(at, client, from.session, ofEpoch, ofOffset));
        } else {
            String id = frame.path("id").asText();
            boolean isNew = !(ofEpoch.equals(epoch) && ofOffset <= offset) && !hadInAnEarlierEpoch(id);
            ledger.note(new Entry.Came(
                    at,
                    client,
                    from.session,
                    id,
                    frame.path("message").path("letter").asLong(-1),
                    ofEpoch,
                    ofOffset,
                    isNew));
            if (!isNew) {
                if (!ofEpoch.equals(epoch) || ofOffset > offset) {
                    epoch = ofEpoch; // it goes on from there, perhaps with others than those that came before
                    offset = ofOffset;
                }
                return;
            }
            shown.add(id);
        }
        epoch = ofEpoch;
        offset = ofOffset;
        if (habit == Habit.ACKNOWLEDGES) {
            ledger.note(new Entry.Acked(ledger.now(), client, epoch, offset));
            from.send("{\"ack\":" + offset + "}");
        }
    }

    /**
     * Who brings its position is not sent again what it had, but when it is told of a loss; the cursor of others may be behind, and
     * an epoch may have begun since.
     */
    private boolean hadInAnEarlierEpoch(String id) {
        return (wasTold || habit == Habit.ACKNOWLEDGES) && shown.contains(id);
    }

    /** Whether it was connected yet; some are away again then. */
    synchronized boolean hasBeenHere() {
        return beenHere;
    }

    /** Whether it has this message. */
    synchronized boolean has(String id) {
        return shown.contains(id);
    }

    private synchronized long stallMillis() {
        return calm || temper != Temper.SLOW || random.nextInt(ONE_IN_SO_MANY_FRAMES_STALLS) > 0
                ? 0
                : random.nextLong(LONGEST_STALL_MILLIS);
    }

    @Override
    public synchronized void close() {
        closed = true;
        life.end();
    }

    /** One connection. */
    private final class Life implements WebSocket.Listener {
        private final int session;
        private final StringBuilder text = new StringBuilder();
        private final CompletableFuture<WebSocket> opened = new CompletableFuture<>();
        private CompletionStage<?> sent = opened;
        private CompletableFuture<?> pinged = CompletableFuture.completedFuture(null);
        private boolean lost;

        Life(int session) {
            this.session = session;
        }

        /** The JDK takes one message at a time. */
        void send(String message) {
            sent = sent.thenCompose(_ -> opened.join().sendText(message, true));
        }

        void ping() {
            if (pinged.isDone()) {
                pinged = opened.join().sendPing(ByteBuffer.allocate(0)).whenComplete((_, failure) -> {
                    if (failure != null) {
                        onLost(this, "ping: " + failure);
                    }
                });
            }
        }

        void end() {
            opened.thenAccept(WebSocket::abort);
        }

        @Override
        public void onOpen(WebSocket socket) {
            opened.complete(socket);
            socket.request(1);
        }

        @Override
        public @Nullable CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
            text.append(data);
            if (last) {
                try {
                    onFrame(this, JSON.readTree(text.toString()));
                } catch (JsonProcessingException e) {
                    throw new UncheckedIOException(e);
                }
                text.setLength(0);
            }
            long stall = last ? stallMillis() : 0;
            if (stall == 0) {
                socket.request(1);
            } else {
                later(stall, () -> socket.request(1));
            }
            return null;
        }

        @Override
        public @Nullable CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
            onLost(this, code + " " + reason);
            return null;
        }

        @Override
        public void onError(WebSocket socket, Throwable error) {
            onLost(this, error.toString());
        }
    }
}
