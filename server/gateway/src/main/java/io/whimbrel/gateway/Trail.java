package io.whimbrel.gateway;

import io.whimbrel.broker.Hop;
import io.whimbrel.broker.HopWriter;
import io.whimbrel.broker.Outcome;
import io.whimbrel.broker.Traces.Leg;
import io.whimbrel.model.Publication;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * What this gateway writes down of one traced publication. Sessions are counted until it is taken, one hop for all with the same
 * outcome, and named where they are few. Guarded by its tracker.
 */
final class Trail {
    /** Sessions of one hop that are named. */
    private static final int MOST_NAMED = 5;

    private final HopWriter writer;
    /** What it is, without the payload, which would be held for an hour. */
    private final Leg beginning;

    private final Map<Outcome, Tally> tallies = new EnumMap<>(Outcome.class);
    private boolean given;

    private static final class Tally {
        int count;
        long lastMicros;
        final List<String> names = new ArrayList<>(1);
    }

    Trail(HopWriter writer, Publication publication) {
        this.writer = writer;
        beginning = Leg.of(publication, List.of());
    }

    /** @param count of sessions or, with what becomes of it before those are known, of event loops */
    void add(Outcome outcome, int count) {
        count(outcome, count);
    }

    void addSession(Outcome outcome, String name) {
        List<String> names = count(outcome, 1).names;
        if (names.size() < MOST_NAMED) {
            names.add(name);
        }
    }

    private Tally count(Outcome outcome, int more) {
        Tally tally = tallies.computeIfAbsent(outcome, _ -> new Tally());
        tally.count += more;
        tally.lastMicros = writer.nowMicros();
        return tally;
    }

    /** @param allCounted whether every event loop has said how many sessions it has for it */
    Leg take(boolean allCounted) {
        List<Hop> hops = new ArrayList<>();
        Tally toGive = tallies.get(Outcome.GIVEN);
        tallies.forEach((outcome, tally) -> {
            if (outcome != Outcome.GIVEN || tally.count > 0) {
                hops.add(writer.hop(tally.lastMicros, outcome, detail(outcome, tally)));
            } else if (allCounted && !given) {
                hops.add(writer.hop(tally.lastMicros, Outcome.NOBODY, "the topic has no session here any more"));
            }
        });
        tallies.clear();
        if (toGive != null && toGive.count == 0 && !allCounted) {
            tallies.put(Outcome.GIVEN, toGive); // another event loop may have somebody
        }
        given |= toGive != null && toGive.count > 0;
        return new Leg(
                beginning.id(), beginning.topic(), beginning.from(), beginning.position(), beginning.first(), hops);
    }

    private static String detail(Outcome outcome, Tally tally) {
        return switch (outcome) {
            case RECEIVED -> "event loops with this topic: " + tally.count;
            case NOBODY -> "no session of this gateway has the topic";
            case INBOX_FULL -> "more than gateway.inbox.max-bytes waited, event loops: " + tally.count;
            case DUPLICATE -> "came a second time, nobody is given it again";
            case LATER -> "earlier messages are read first, this one with them";
            case GIVEN -> tally.count == 1 ? "1 session" : tally.count + " sessions";
            case REPLAYED, WRITTEN, ACKNOWLEDGED -> sessions(tally);
            case DROPPED -> sessions(tally) + ", its outbox made room by drop-oldest or latest";
            case CLOSED_SLOW -> sessions(tally);
            case CUT -> sessions(tally) + ", before its socket had taken all";
            case ACCEPTED, REPEATED, PUBLISHED, REDIS_SLOW, FAILED, WAITING, EXPIRED, MORE -> ""; // not a gateway's
        };
    }

    private static String sessions(Tally tally) {
        if (tally.count > tally.names.size()) {
            return tally.count + " sessions";
        }
        return (tally.count == 1 ? "session " : "sessions ") + String.join(", ", tally.names);
    }
}
