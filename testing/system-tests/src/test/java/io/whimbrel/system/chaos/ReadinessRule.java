package io.whimbrel.system.chaos;

import io.whimbrel.system.chaos.Entry.CanaryCame;
import io.whimbrel.system.chaos.Entry.CanarySent;
import io.whimbrel.system.chaos.Entry.Polled;
import io.whimbrel.system.chaos.Entry.Stalled;
import io.whimbrel.system.chaos.Violation.Rule;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * No part says that it is ready for more than 3 s while nothing flows through it: at a web server nothing to one of the canaries is
 * accepted, at a gateway nothing to one of its canaries arrives although a web server that nothing is wrong with was asked to send
 * it, and had the copies of the data that it wants. Each canary is of one shard and speaks for itself: the others' may be alive.
 * An observer that was starved itself saw nothing: a silence that overlaps with a {@code Stalled} is not judged, nor what lies between
 * polls that are far apart. How much that is, is counted.
 */
final class ReadinessRule {
    /** 3 s, and what the polls and the canaries may be late; for parts that are not starved themselves. */
    static final long LIMIT_MILLIS = 3_500;

    /** Longer between two polls, and it is not known what was in between. */
    private static final long LONGEST_POLL_PAUSE_MILLIS = 1_500;
    /** How long after its fault a web server counts as harmed. */
    private static final long HARMED_MILLIS = 5_000;

    private final long limitMillis;
    private final Map<String, List<Polled>> polls = new TreeMap<>();
    private final Map<String, Map<Canary, Flow>> flows = new HashMap<>();
    private final List<Stalled> stalls = new ArrayList<>();
    private final List<Span> harms = new ArrayList<>();
    private final Map<Integer, Entry.Struck> open = new HashMap<>();
    /** What could not be judged, of each part. */
    private final List<Span> unseen = new ArrayList<>();

    private final List<Violation> violations = new ArrayList<>();

    /** What one canary shows of one part: what was sent to it, by a web server or to a gateway, and when some of it got through. */
    private record Flow(String part, boolean web, Canary canary, List<CanarySent> sent, List<Long> passedAt) {}

    /** @param target to whom something was, or is not known to have been */
    private record Span(String target, long from, long to) {}

    /**
     * @param stalls how often the observer itself did not get to run
     * @param judgedShare of the time that the parts were watched, from 0 to 1, that in which nothing kept it from seeing whether they lie
     */
    record Judgement(List<Violation> violations, int stalls, double judgedShare) {}

    private ReadinessRule(long limitMillis) {
        this.limitMillis = limitMillis;
    }

    /** @param limitMillis for how long a part may say that it is ready while nothing flows through it */
    static Judgement check(List<Entry> entries, long limitMillis) {
        ReadinessRule rule = new ReadinessRule(limitMillis);
        entries.forEach(rule::read);
        rule.open
                .values()
                .forEach(struck -> rule.harms.add(new Span(struck.fault().target(), struck.at(), Long.MAX_VALUE)));
        rule.polls.forEach(rule::check);
        return new Judgement(rule.violations, rule.stalls.size(), rule.judgedShare());
    }

    private void read(Entry entry) {
        if (entry instanceof Polled polled) {
            polls.computeIfAbsent(polled.part(), _ -> new ArrayList<>()).add(polled);
        } else if (entry instanceof CanaryCame came) {
            atGateway(came.canary()).passedAt().add(came.at());
        } else if (entry instanceof CanarySent sent) {
            atGateway(sent.canary()).sent().add(sent);
            Flow atWeb = flow(sent.web(), true, sent.canary());
            atWeb.sent().add(sent);
            if (sent.status() == 200) {
                atWeb.passedAt().add(sent.at());
            }
        } else if (entry instanceof Stalled stalled) {
            stalls.add(stalled);
        } else if (entry instanceof Entry.Struck struck) {
            open.put(struck.number(), struck);
        } else if (entry instanceof Entry.Healed healed) {
            Entry.Struck struck = open.remove(healed.number());
            if (struck != null) {
                harms.add(new Span(struck.fault().target(), struck.at(), healed.at() + HARMED_MILLIS));
            }
        }
    }

    private Flow atGateway(Canary canary) {
        return flow(canary.gateway(), false, canary);
    }

    private Flow flow(String part, boolean web, Canary canary) {
        return flows.computeIfAbsent(part, _ -> new LinkedHashMap<>())
                .computeIfAbsent(canary, _ -> new Flow(part, web, canary, new ArrayList<>(), new ArrayList<>()));
    }

    private void check(String part, List<Polled> all) {
        long greenFrom = -1;
        long greenTo = -1;
        long before = all.getFirst().at();
        for (Polled polled : all) {
            if (polled.at() - before > LONGEST_POLL_PAUSE_MILLIS) {
                unseen.add(new Span(part, before, polled.at()));
            }
            before = polled.at();
            boolean green = polled.status() == 200;
            if (green && greenFrom >= 0 && polled.at() - greenTo <= LONGEST_POLL_PAUSE_MILLIS) {
                greenTo = polled.at();
            } else {
                checkGreen(part, greenFrom, greenTo);
                greenFrom = green ? polled.at() : -1;
                greenTo = greenFrom;
            }
        }
        checkGreen(part, greenFrom, greenTo);
    }

    /** While it was ready all the time. */
    private void checkGreen(String part, long from, long to) {
        if (from >= 0) {
            flows.getOrDefault(part, Map.of()).values().forEach(flow -> checkGreen(flow, from, to));
        }
    }

    private void checkGreen(Flow flow, long from, long to) {
        long last = from;
        for (long at : flow.passedAt()) {
            if (at > last && at <= to) {
                checkSilence(flow, last, at);
                last = at;
            }
        }
        checkSilence(flow, last, to);
    }

    private void checkSilence(Flow flow, long from, long to) {
        if (to - from <= limitMillis) {
            return;
        }
        if (stalls.stream().anyMatch(stall -> stall.since() < to && stall.at() > from)) {
            unseen.add(new Span(flow.part(), from, to));
            return;
        }
        if (flow.web() ? wasAsked(flow, from, to) : isDueAtGateway(flow, from, to)) {
            violations.add(new Violation(
                    from,
                    Rule.FALSE_READINESS,
                    "%s was ready while for %d ms nothing to %s was %s there"
                            .formatted(flow.part(), to - from, flow.canary(), flow.web() ? "accepted" : "delivered")));
        }
    }

    private boolean wasAsked(Flow flow, long from, long to) {
        return flow.sent().stream().anyMatch(sent -> sent.startedAt() >= from && sent.startedAt() <= to - limitMillis);
    }

    /**
     * Whether one was accepted long enough ago, or all were refused for so long for what a gateway must see, too. What a lack of
     * replicas comes between is the moment in which somebody takes over.
     */
    private boolean isDueAtGateway(Flow flow, long from, long to) {
        long refusedFrom = -1;
        for (CanarySent sent : flow.sent()) {
            if (sent.startedAt() < from || sent.at() > to) {
                continue;
            }
            if (sent.status() == 200 && sent.at() <= to - limitMillis) {
                return true;
            }
            if (sent.lacksReplicas()) {
                refusedFrom = -1;
            } else if (sent.status() == 503 && isUnharmed(sent.web(), from, to)) {
                refusedFrom = refusedFrom < 0 ? sent.startedAt() : refusedFrom;
                if (sent.at() - refusedFrom > limitMillis) {
                    return true;
                }
            }
        }
        return false;
    }

    private double judgedShare() {
        long watched = 0;
        long judged = 0;
        for (Map.Entry<String, List<Polled>> part : polls.entrySet()) {
            long from = part.getValue().getFirst().at();
            long to = part.getValue().getLast().at();
            watched += to - from;
            judged += to - from - unseenMillis(part.getKey(), from, to);
        }
        return watched == 0 ? 1 : (double) judged / watched;
    }

    /** What overlaps counts once. */
    private long unseenMillis(String part, long from, long to) {
        List<Span> spans = Stream.concat(
                        unseen.stream().filter(span -> span.target().equals(part)),
                        stalls.stream().map(stall -> new Span(part, stall.since(), stall.at())))
                .sorted(Comparator.comparingLong(Span::from))
                .toList();
        long millis = 0;
        long seenTo = from;
        for (Span span : spans) {
            long end = Math.min(span.to(), to);
            millis += Math.max(0, end - Math.max(span.from(), seenTo));
            seenTo = Math.max(seenTo, end);
        }
        return millis;
    }

    private boolean isUnharmed(String web, long from, long to) {
        return harms.stream()
                .noneMatch(harm -> (harm.target().equals(web) || harm.target().startsWith(web + " to "))
                        && harm.from() < to
                        && harm.to() > from);
    }
}
