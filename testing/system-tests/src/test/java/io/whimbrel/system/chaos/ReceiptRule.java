package io.whimbrel.system.chaos;

import io.whimbrel.system.chaos.Violation.Rule;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * A receipt tells of no more sessions than the clients of its address had, all together, from when the message was written to when
 * it was told, of no more that were written to than there were, and of no more acknowledgements than of those, nor than those
 * clients had sessions who had said that they have the message: none speaks for another. It may know less than happened.
 */
final class ReceiptRule {
    /**
     * So long after a connection broke its gateway may still take it for one: until no pong came, 4 s after the last ping and 2 s
     * after the next, and it may itself stand still for up to 6 s meanwhile.
     */
    private static final long UNNOTICED_MILLIS = 12_000;

    /** How one ends that its gateway knows of: with a code, which is not that of an end without a word. */
    private static final Pattern SAID_GOODBYE = Pattern.compile("(?!1006)[0-9]{4} .*", Pattern.DOTALL);

    /** By address. */
    private final Map<String, Map<Client, Sessions>> clients = new HashMap<>();

    private final Map<Long, Long> writtenAt = new HashMap<>();
    private final Map<String, Long> letters = new HashMap<>();

    private final List<Violation> violations = new ArrayList<>();

    /** What is known of one client up to here. */
    private static final class Sessions {
        private final Map<Integer, Connection> connections = new HashMap<>();
        /** By epoch, in the order in which the client met them, each of which goes on with the offsets. */
        private final Map<String, Long> acked = new LinkedHashMap<>();

        private final Map<String, Entry.Came> firstCame = new HashMap<>();

        /** How many its gateways may have counted for this message. */
        long countable(String id, long fromMillis, long toMillis) {
            Entry.Came came = firstCame.get(id);
            return connections.values().stream()
                    .filter(connection -> connection.isCountable(fromMillis, toMillis))
                    .filter(connection -> came == null || !connection.hadItLongSince(came))
                    .count();
        }

        void ack(String epoch, long offset) {
            acked.merge(epoch, offset, Math::max);
        }

        boolean hasAcked(String id) {
            Entry.Came came = firstCame.get(id);
            return came != null
                    && acked.entrySet().stream()
                            .dropWhile(epoch -> !epoch.getKey().equals(came.epoch()))
                            .anyMatch(epoch -> epoch.getValue() >= came.offset());
        }
    }

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
            Sessions of = sessions(coming.client());
            of.connections.put(coming.session(), new Connection(coming));
            if (!coming.epoch().isEmpty()) {
                of.ack(coming.epoch(), coming.offset());
            }
        } else if (entry instanceof Entry.Acked ack) {
            sessions(ack.client()).ack(ack.epoch(), ack.offset());
        } else if (entry instanceof Entry.Came came) {
            Sessions of = sessions(came.client());
            of.firstCame.putIfAbsent(came.id(), came);
            of.ack(came.epoch(), 0);
        } else if (entry instanceof Entry.ReceiptTold receipt) {
            onReceipt(receipt);
        }
    }

    private Sessions sessions(Client client) {
        return clients.computeIfAbsent(client.address(), _ -> new HashMap<>())
                .computeIfAbsent(client, _ -> new Sessions());
    }

    private void onReceipt(Entry.ReceiptTold receipt) {
        long from = writtenAt.getOrDefault(letters.getOrDefault(receipt.id(), -1L), 0L);
        long had = 0;
        long hadOfThoseWhoAcked = 0;
        for (Sessions of : clients.getOrDefault(receipt.address(), Map.of()).values()) {
            long countable = of.countable(receipt.id(), from, receipt.at());
            had += countable;
            hadOfThoseWhoAcked += of.hasAcked(receipt.id()) ? countable : 0;
        }
        if (receipt.sessions() > had || receipt.written() > had) {
            violate(receipt, "there were %d connections in that time".formatted(had));
        }
        if (receipt.acked() > receipt.written() || receipt.written() > receipt.sessions()) {
            violate(receipt, "nobody can have more than came before it");
        }
        if (receipt.acked() > hadOfThoseWhoAcked) {
            violate(receipt, "who had said to have it had %d connections".formatted(hadOfThoseWhoAcked));
        }
    }

    private void onClosed(Entry.Closed closed) {
        Connection connection = sessions(closed.client()).connections.get(closed.session());
        if (connection != null) {
            boolean noticed = SAID_GOODBYE.matcher(closed.why()).matches();
            connection.goneAt = closed.at() + (noticed ? 0 : UNNOTICED_MILLIS);
        }
    }

    private void violate(Entry.ReceiptTold receipt, String why) {
        violations.add(new Violation(
                receipt.at(),
                Rule.FALSE_RECEIPT,
                "%s: %d sessions, %d written, %d acked, but %s"
                        .formatted(receipt.id(), receipt.sessions(), receipt.written(), receipt.acked(), why)));
    }
}
