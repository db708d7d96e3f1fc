package io.whimbrel.system.chaos;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Writes letters to addresses at a pace, whatever happens, and repeats with its key, at the next web server, what was not
 * accepted, until it is. Safe for any thread.
 */
final class Publisher implements AutoCloseable {
    private static final int PER_SECOND = 60;
    private static final int MOST_UNDER_WAY = 200;
    private static final long FIRST_BACKOFF_MILLIS = 100;
    private static final int MOST_DOUBLINGS = 4;
    private static final int ONE_IN_SO_MANY_ASKS_FOR_A_RECEIPT = 10;
    private static final int MOST_RECEIPTS_ASKED_FOR_LATER = 100;
    /** Enough of them fill what lies between a gateway and a client that does not read. */
    private static final String LONG_TEXT = "-".repeat(24 * 1024);

    private final Desk desk;
    private final ScheduledExecutorService clock;
    private final Ledger ledger;
    private final List<Integer> webPorts;
    private final List<Recipient> recipients;
    private final String keys;
    private final Random random;
    private final AtomicLong letters = new AtomicLong();
    private final AtomicInteger underWay = new AtomicInteger();
    /** By id, to whom it went. */
    private final Map<String, Recipient> accepted = new ConcurrentHashMap<>();

    /** The id that was told last. */
    private final Map<Recipient, String> newest = new ConcurrentHashMap<>();

    private final Map<String, String> withReceipt = new ConcurrentHashMap<>();
    private volatile boolean closed;
    private @Nullable ScheduledFuture<?> pace;

    private record Letter(long number, Recipient to, String key, String body, boolean receipt) {}

    Publisher(
            Desk desk,
            ScheduledExecutorService clock,
            Ledger ledger,
            List<Integer> webPorts,
            List<Recipient> recipients,
            long seed) {
        this.desk = desk;
        this.clock = clock;
        this.ledger = ledger;
        this.webPorts = List.copyOf(webPorts);
        this.recipients = List.copyOf(recipients);
        keys = "chaos-" + seed + '-';
        random = new Random(seed);
    }

    void begin() {
        pace = clock.scheduleAtFixedRate(
                () -> {
                    if (underWay.get() < MOST_UNDER_WAY) {
                        write(recipients.get(random.nextInt(recipients.size())));
                    }
                },
                0,
                TimeUnit.SECONDS.toNanos(1) / PER_SECOND,
                TimeUnit.NANOSECONDS);
    }

    /** Writes no more by itself. */
    void end() {
        if (pace != null) {
            pace.cancel(false);
        }
    }

    void writeToEach() {
        recipients.forEach(this::write);
    }

    /** Whether nothing waits to be accepted. */
    boolean isDone() {
        return underWay.get() == 0;
    }

    int accepted() {
        return accepted.size();
    }

    boolean allReceived() {
        return accepted.entrySet().stream().allMatch(letter -> letter.getValue().allHave(letter.getKey()));
    }

    /** When nothing is under way that was written before, who has this one is not given any other. */
    boolean allHaveTheNewest() {
        return newest.entrySet().stream().allMatch(letter -> letter.getKey().allHave(letter.getValue()));
    }

    /** How many are received, to see whether there is still a change. */
    long received() {
        return accepted.entrySet().stream()
                .mapToLong(letter -> letter.getValue().having(letter.getKey()))
                .sum();
    }

    private void write(Recipient to) {
        long number = letters.incrementAndGet();
        boolean receipt = number % ONE_IN_SO_MANY_ASKS_FOR_A_RECEIPT == 0;
        String wish =
                receipt ? ",\"receipt\":\"%s\",\"timeout\":1".formatted(number % 20 == 0 ? "acked" : "written") : "";
        String body = "{\"uuid_remote\":\"%s\",\"message\":{\"letter\":%d,\"text\":\"%s\"}%s}"
                .formatted(to.address(), number, to.isSlow() ? LONG_TEXT : "", wish);
        underWay.incrementAndGet();
        ledger.note(new Entry.Written(ledger.now(), number, to.address()));
        attempt(new Letter(number, to, keys + number, body, receipt), random.nextInt(webPorts.size()), 0);
    }

    private void attempt(Letter letter, int turn, int failures) {
        if (closed) {
            return;
        }
        desk.publish(webPorts.get(turn % webPorts.size()), letter.body(), letter.key())
                .whenComplete((answer, failure) -> {
                    if (failure != null || answer.statusCode() == 503) {
                        ledger.note(new Entry.Retried(
                                ledger.now(), letter.number(), failure == null ? answer.statusCode() : 0));
                        repeat(letter, turn + 1, failures);
                    } else {
                        onAnswer(letter, answer);
                    }
                });
    }

    private void repeat(Letter letter, int turn, int failures) {
        if (!closed) {
            var _ = clock.schedule(
                    () -> attempt(letter, turn, failures + 1),
                    FIRST_BACKOFF_MILLIS << Math.min(failures, MOST_DOUBLINGS),
                    TimeUnit.MILLISECONDS);
        }
    }

    private void onAnswer(Letter letter, HttpResponse<String> answer) {
        long at = ledger.now();
        if (answer.statusCode() == 200) {
            JsonNode said = Desk.json(answer.body());
            String id = said.path("id").asText();
            String address = letter.to().address();
            accepted.put(id, letter.to());
            newest.put(letter.to(), id);
            ledger.note(new Entry.Accepted(at, letter.number(), address, id));
            noteReceipt(address, id, said);
            if (letter.receipt() && withReceipt.size() < MOST_RECEIPTS_ASKED_FOR_LATER) {
                withReceipt.put(id, address);
            }
        } else {
            ledger.note(new Entry.Refused(at, letter.number(), answer.statusCode(), answer.body()));
        }
        underWay.decrementAndGet();
    }

    private void noteReceipt(String address, String id, JsonNode said) {
        JsonNode receipt = said.path("receipt");
        if (receipt.isObject()) {
            ledger.note(new Entry.ReceiptTold(
                    ledger.now(),
                    address,
                    id,
                    receipt.path("sessions").asInt(),
                    receipt.path("written").asInt(),
                    receipt.path("acked").asInt()));
        }
    }

    /** Asks what became of some that asked for a receipt. */
    void askForReceipts() throws Exception {
        for (Map.Entry<String, String> letter : withReceipt.entrySet()) {
            HttpResponse<String> answer = desk.message(webPorts.getFirst(), letter.getKey());
            if (answer.statusCode() == 200) {
                noteReceipt(letter.getValue(), letter.getKey(), Desk.json(answer.body()));
            } else {
                ledger.note(new Entry.ReceiptUntold(ledger.now(), letter.getKey(), answer.statusCode(), answer.body()));
            }
        }
    }

    @Override
    public void close() {
        closed = true;
        end();
    }
}
