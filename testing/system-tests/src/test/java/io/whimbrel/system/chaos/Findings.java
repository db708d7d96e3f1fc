package io.whimbrel.system.chaos;

import io.whimbrel.system.chaos.Violation.Rule;
import java.util.List;
import java.util.Map;

/**
 * What the checker found.
 *
 * @param delivered messages shown to clients
 * @param repeated messages that came to a client again, which dropped them
 * @param lost accepted messages, for each client that never had them
 * @param lostAndTold of the lost ones, those whose clients were told of a loss afterwards
 * @param expired accepted messages, for each client that never had them and was told so, since only newer ones were kept
 * @param announcements how often clients were told of a loss
 * @param announcedWithoutLoss those of them at clients that miss nothing
 * @param shownBeforeAccepted letters shown twice under different ids, of which at most one was ever accepted
 * @param neverAccepted letters whose publisher had no good answer by the end
 * @param receiptsUntold how often one was asked for later and the answer was none
 * @param recoveryMillis how long deliveries stood still at a gateway, by fault, from the fault on; those without effect left out
 * @param faultsByKind how many were done
 * @param redisFaults those of them that harmed Redis itself, not only the way to it
 * @param promotions replicas that became masters, whatever made them
 * @param slotMoves slots that went to another master, with what they held
 * @param stalls how often the run itself did not get to run
 * @param readinessJudged the share of the time, from 0 to 1, in which it could be judged what parts said of their readiness
 */
record Findings(
        int accepted,
        int delivered,
        int repeated,
        int lost,
        int lostAndTold,
        int expired,
        int duplicated,
        int announcements,
        int announcedWithoutLoss,
        int shownBeforeAccepted,
        int neverAccepted,
        int retries,
        int receipts,
        int receiptsUntold,
        int connections,
        List<Long> recoveryMillis,
        Map<String, Integer> faultsByKind,
        int redisFaults,
        int promotions,
        int slotMoves,
        int stalls,
        double readinessJudged,
        List<Violation> violations) {
    Findings {
        recoveryMillis = List.copyOf(recoveryMillis);
        faultsByKind = Map.copyOf(faultsByKind);
        violations = List.copyOf(violations);
    }

    int faults() {
        return faultsByKind.values().stream().mapToInt(Integer::intValue).sum();
    }

    List<Violation> of(Rule rule) {
        return violations.stream().filter(it -> it.rule() == rule).toList();
    }

    /** 0 where no fault stopped anything. */
    long recoveryPercentile(double share) {
        if (recoveryMillis.isEmpty()) {
            return 0;
        }
        List<Long> sorted = recoveryMillis.stream().sorted().toList();
        return sorted.get((int) Math.ceil(share * sorted.size()) - 1);
    }
}
