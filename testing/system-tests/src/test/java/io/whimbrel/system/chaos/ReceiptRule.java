package io.whimbrel.system.chaos;

import io.whimbrel.system.chaos.Violation.Rule;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * A receipt tells of no more sessions than its client had from when the message was written to when it was told, of no more that
 * were written to than there were, of no more acknowledgements than of those, and of one only when the client had said that it
 * has the message. It may know less than happened.
 */
final class ReceiptRule {
    /**
     * So long after a connection broke its gateway may still take it for one: until no pong came, 4 s after the last ping and 2 s
     * after the next, and it may itself stand still for up to 6 s meanwhile.
     */
    private static final long UNNOTICED_MILLIS = 12_000;

    /** How one ends that its gateway knows of: with a code, which is not that of an end without a word. */
    private static final Pattern SAID_GOODBYE = Pattern.compile("(?!1006)[0-9]{4} .*", Pattern.DOTALL);

    /** Of each client, those that began up to here, by session. */
    private final Map<String, Map<Integer, Connection>> connections = new HashMap<>();

    private final Map<Long, Long> writtenAt = new HashMap<>();
    private final Map<String, Long> letters = new HashMap<>();

    /** By address and epoch, in the order in which the client met the epochs, each of which goes on with the offsets. */
    private final Map<String, Map<String, Long>> acked = new HashMap<>();

    private final Map<String, Entry.Came> firstCame = new HashMap<>();
    private final List<Violation> violations = new ArrayList<>();

    private static final class Connection {
        private final Entry.Coming coming;
        private long goneAt = Long.MAX_VALUE;

        Connection(Entry.Coming coming) {
            this.coming = coming;
        }

        /** Whether its gateway may have counted it for a message that was written and told of at these times. */
        boolean isCountable(long fromMillis, long toMillis) {
            return coming.at() <= toMillis && goneAt >= fromMillis;
        }

        /** A gateway that lagged may not have had the message itself when somebody came who had it from another. */
        boolean hadItLongSince(Entry.Came came) {
            return coming.at() > came.at() + UNNOTICED_MILLIS
                    && coming.epoch().equals(came.epoch())
                    && coming.offset() >= came.offset();
        }
    }

    private ReceiptRule() {}

    static List<Violation> check(List<Entry> entries) {
        ReceiptRule rule = new ReceiptRule();
        entries.forEach(rule::on);
        return rule.violations;
    }

    private void on(Entry entry) {
        if (entry instanceof Entry.Written letter) {
            writtenAt.put(letter.letter(), letter.at());
        } else if (entry instanceof Entry.Accepted accepted) {
            letters.put(accepted.id(), accepted.letter());
        } else if (entry instanceof Entry.Closed closed) {
            onClosed(closed);
        } else if (entry instanceof Entry.Coming coming) {
            connections
                    .computeIfAbsent(coming.address(), _ -> new HashMap<>())
                    .put(coming.session(), new Connection(coming));
            if (!coming.epoch().isEmpty()) {
                acked(coming.address(), coming.epoch(), coming.offset());
            }
        } else if (entry instanceof Entry.Acked ack) {
            acked(ack.address(), ack.epoch(), ack.offset());
        } else if (entry instanceof Entry.Came came) {
            firstCame.putIfAbsent(came.id(), came);
            acked(came.address(), came.epoch(), 0);
        } else if (entry instanceof Entry.ReceiptTold receipt) {
            onReceipt(receipt);
        }
    }

    private void acked(String address, String epoch, long offset) {
        acked.computeIfAbsent(address, _ -> new LinkedHashMap<>()).merge(epoch, offset, Math::max);
    }

    private void onReceipt(Entry.ReceiptTold receipt) {
        long had = countable(receipt);
        if (receipt.sessions() > had || receipt.written() > had) {
            violate(receipt, "the client had %d connections in that time".formatted(had));
        }
        if (receipt.acked() > receipt.written() || receipt.written() > receipt.sessions()) {
            violate(receipt, "nobody can have more than came before it");
        }
        if (receipt.acked() > 0 && !hasAcked(receipt)) {
            violate(receipt, "the client had not said that it has it");
        }
    }

    private long countable(Entry.ReceiptTold receipt) {
        long from = writtenAt.getOrDefault(letters.getOrDefault(receipt.id(), -1L), 0L);
        Entry.Came came = firstCame.get(receipt.id());
        return connections.getOrDefault(receipt.address(), Map.of()).values().stream()
                .filter(connection -> connection.isCountable(from, receipt.at()))
                .filter(connection -> came == null || !connection.hadItLongSince(came))
                .count();
    }

    private void onClosed(Entry.Closed closed) {
        Connection connection =
                connections.getOrDefault(closed.address(), Map.of()).get(closed.session());
        if (connection != null) {
            boolean noticed = SAID_GOODBYE.matcher(closed.why()).matches();
            connection.goneAt = closed.at() + (noticed ? 0 : UNNOTICED_MILLIS);
        }
    }

    private boolean hasAcked(Entry.ReceiptTold receipt) {
        Entry.Came came = firstCame.get(receipt.id());
        return came != null
                && acked.getOrDefault(receipt.address(), Map.of()).entrySet().stream()
                        .dropWhile(epoch -> !epoch.getKey().equals(came.epoch()))
                        .anyMatch(epoch -> epoch.getValue() >= came.offset());
    }

    private void violate(Entry.ReceiptTold receipt, String why) {
        violations.add(new Violation(
                receipt.at(),
                Rule.FALSE_RECEIPT,
                "%s: %d sessions, %d written, %d acked, but %s"
                        .formatted(receipt.id(), receipt.sessions(), receipt.written(), receipt.acked(), why)));
    }
}
