package io.whimbrel.system.chaos;

import io.whimbrel.system.chaos.Violation.Rule;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A receipt tells of no more sessions than its client ever began, and of an acknowledgement only when the client had said that
 * it has the message. It may know less than happened.
 */
final class ReceiptRule {
    /** Of each client, up to here. */
    private final Map<String, Integer> sessions = new HashMap<>();

    /** By address and epoch, in the order in which the client met the epochs, each of which goes on with the offsets. */
    private final Map<String, Map<String, Long>> acked = new HashMap<>();

    private final Map<String, Entry.Came> firstCame = new HashMap<>();
    private final List<Violation> violations = new ArrayList<>();

    private ReceiptRule() {}

    static List<Violation> check(List<Entry> entries) {
        ReceiptRule rule = new ReceiptRule();
        entries.forEach(rule::on);
        return rule.violations;
    }

    private void on(Entry entry) {
        if (entry instanceof Entry.Coming coming) {
            sessions.merge(coming.address(), 1, Integer::sum);
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
        int began = sessions.getOrDefault(receipt.address(), 0);
        if (receipt.sessions() > began || receipt.written() > began) {
            violate(receipt, "the client had begun %d connections".formatted(began));
        }
        if (receipt.acked() > 0 && !hasAcked(receipt)) {
            violate(receipt, "the client had not said that it has it");
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
