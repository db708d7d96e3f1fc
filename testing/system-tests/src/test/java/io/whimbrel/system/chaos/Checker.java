package io.whimbrel.system.chaos;

import io.whimbrel.system.chaos.Fault.Sort;
import io.whimbrel.system.chaos.Violation.Rule;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Reads a ledger and says what of the promises was not kept. A pure function. */
final class Checker {
    private final List<Entry> entries;
    private final Demands demands;
    private final List<Violation> violations = new ArrayList<>();

    private Checker(List<Entry> entries, Demands demands) {
        this.entries = List.copyOf(entries);
        this.demands = demands;
    }

    static Findings check(List<Entry> entries, Demands demands) {
        return new Checker(entries, demands).check();
    }

    private Findings check() {
        Deliveries deliveries = Deliveries.of(entries, demands, violations);
        violations.addAll(ReceiptRule.check(entries));
        ReadinessRule.Judgement readiness = ReadinessRule.check(entries, demands.readinessLimitMillis());
        violations.addAll(readiness.violations());
        if (readiness.judgedShare() < demands.leastJudged()) {
            violate(
                    0,
                    Rule.READINESS_UNSEEN,
                    "it could be judged for %.0f %% of the time, in which the run itself stood still %d times"
                            .formatted(100 * readiness.judgedShare(), readiness.stalls()));
        }
        for (Entry entry : entries) {
            switch (entry) {
                case Entry.Refused(long at, long letter, int status, String answer) ->
                    violate(at, Rule.REFUSED, "letter %d: %d %s".formatted(letter, status, answer));
                case Entry.Crashed(long at, String part, String said) ->
                    violate(at, Rule.CRASHED, "%s, which said%n%s".formatted(part, said));
                case Entry.NeverReady(long at, String part, String said) ->
                    violate(at, Rule.NEVER_READY, "%s, which said%n%s".formatted(part, said));
                case Entry.Written _,
                        Entry.Accepted _,
                        Entry.Retried _,
                        Entry.ReceiptTold _,
                        Entry.ReceiptUntold _,
                        Entry.Coming _,
                        Entry.Opened _,
                        Entry.Closed _,
                        Entry.Acked _,
                        Entry.Came _,
                        Entry.ToldLost _,
                        Entry.Polled _,
                        Entry.CanarySent _,
                        Entry.CanaryCame _,
                        Entry.Struck _,
                        Entry.Healed _,
                        Entry.Promoted _,
                        Entry.SlotMoved _,
                        Entry.Stalled _ -> {
                    // read by other rules
                }
            }
        }
        violations.sort(Comparator.comparingLong(Violation::at));
        return new Findings(
                deliveries.accepted(),
                deliveries.delivered,
                deliveries.repeated,
                deliveries.lost,
                deliveries.lostAndTold,
                deliveries.expired,
                deliveries.duplicated,
                count(Entry.ToldLost.class),
                deliveries.announcedWithoutLoss,
                deliveries.shownBeforeAccepted,
                deliveries.neverAccepted,
                count(Entry.Retried.class),
                count(Entry.ReceiptTold.class),
                count(Entry.ReceiptUntold.class),
                count(Entry.Opened.class),
                Recoveries.of(entries),
                faultsByKind(),
                faultsOf(Sort.REDIS),
                count(Entry.Promoted.class),
                count(Entry.SlotMoved.class),
                readiness.stalls(),
                readiness.judgedShare(),
                violations);
    }

    private Map<String, Integer> faultsByKind() {
        Map<String, Integer> kinds = new TreeMap<>();
        for (Entry entry : entries) {
            if (entry instanceof Entry.Struck struck) {
                kinds.merge(struck.fault().kind().words(), 1, Integer::sum);
            }
        }
        return kinds;
    }

    private int faultsOf(Sort sort) {
        return Math.toIntExact(entries.stream()
                .filter(entry ->
                        entry instanceof Entry.Struck struck && struck.fault().kind().victim.sort == sort)
                .count());
    }

    private int count(Class<? extends Entry> kind) {
        return Math.toIntExact(entries.stream().filter(kind::isInstance).count());
    }

    private void violate(long at, Rule rule, String evidence) {
        violations.add(new Violation(at, rule, evidence));
    }
}
