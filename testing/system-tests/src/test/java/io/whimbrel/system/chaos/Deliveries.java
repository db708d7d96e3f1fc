package io.whimbrel.system.chaos;

import io.whimbrel.system.chaos.Entry.Accepted;
import io.whimbrel.system.chaos.Entry.Came;
import io.whimbrel.system.chaos.Entry.Coming;
import io.whimbrel.system.chaos.Entry.ToldLost;
import io.whimbrel.system.chaos.Entry.Written;
import io.whimbrel.system.chaos.Violation.Rule;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What was accepted against what came: all of it, once, in order, where it belongs, to each client of the address. */
final class Deliveries {
    private final Demands demands;
    private final List<Violation> violations;
    private final Map<Long, Written> written = new HashMap<>();
    private final Map<Long, Accepted> acceptedLetters = new HashMap<>();
    private final Map<String, Accepted> acceptedIds = new HashMap<>();
    private final Map<String, Topic> topics = new HashMap<>();

    int delivered;
    int repeated;
    int lost;
    int lostAndTold;
    int expired;
    int duplicated;
    int announcedWithoutLoss;
    int shownBeforeAccepted;
    int neverAccepted;

    /** What is the same for all clients of an address. */
    private static final class Topic {
        private final Map<Client, View> views = new LinkedHashMap<>();
        private final Map<String, String> idByPlace = new HashMap<>();
        private final Map<Long, Set<String>> idsByLetter = new HashMap<>();
    }

    /** What one client saw of its address. */
    private static final class View {
        private final Client client;
        private String epoch = "";
        private long offset;
        /** As far as accepted messages were shown; no later epoch may give these offsets to others. */
        private long acceptedUpTo;
        /** The same, whatever was told since. */
        private long everAcceptedUpTo;
        /** The place of the last message of a connection, by connection and epoch. */
        private final Map<String, Long> lastOfSession = new HashMap<>();

        private final Set<String> shown = new HashSet<>();
        private final List<Announcement> told = new ArrayList<>();
        /** When the youngest of those that came was written. */
        private long youngestWrittenAt;

        private boolean misses;

        View(Client client) {
            this.client = client;
        }
    }

    /** @param behindWrittenAt when the youngest was written of those that came before; what was accepted by then is before those */
    private record Announcement(ToldLost told, long behindWrittenAt) {}

    private Deliveries(Demands demands, List<Violation> violations) {
        this.demands = demands;
        this.violations = violations;
    }

    static Deliveries of(List<Entry> entries, Demands demands, List<Violation> violations) {
        Deliveries deliveries = new Deliveries(demands, violations);
        deliveries.readPublications(entries);
        for (Entry entry : entries) {
            if (entry instanceof Came came) {
                deliveries.onMessage(came);
            } else if (entry instanceof ToldLost told) {
                deliveries.onTold(told);
            } else if (entry instanceof Coming coming) {
                deliveries.onComing(coming);
            }
        }
        deliveries.conclude();
        return deliveries;
    }

    int accepted() {
        return acceptedLetters.size();
    }

    /** First, since a message may come before its publisher is answered; and all who came, since they are entitled to it. */
    private void readPublications(List<Entry> entries) {
        for (Entry entry : entries) {
            if (entry instanceof Written letter) {
                written.put(letter.letter(), letter);
            } else if (entry instanceof Accepted letter) {
                acceptedLetters.put(letter.letter(), letter);
                acceptedIds.put(letter.id(), letter);
            } else if (entry instanceof Coming coming) {
                view(coming.client());
            }
        }
    }

    private Topic topic(String address) {
        return topics.computeIfAbsent(address, _ -> new Topic());
    }

    private View view(Client client) {
        return topic(client.address()).views.computeIfAbsent(client, View::new);
    }

    private void onTold(ToldLost told) {
        View view = view(told.client());
        view.told.add(new Announcement(told, view.youngestWrittenAt));
        view.epoch = told.epoch();
        view.offset = told.offset();
        view.acceptedUpTo = 0; // what comes behind it is another story
    }

    /** Who brings no position begins at its cursor, which stays where it is when a loss is told of and all that is kept comes again. */
    private void onComing(Coming coming) {
        if (coming.epoch().isEmpty()) {
            View view = view(coming.client());
            view.offset = Math.max(view.offset, view.everAcceptedUpTo);
        }
    }

    private void onMessage(Came came) {
        View view = view(came.client());
        checkContent(came);
        checkOrder(view, came);
        checkPlace(came);
        Written letter = written.get(came.letter());
        view.youngestWrittenAt = Math.max(view.youngestWrittenAt, letter == null ? 0 : letter.at());
        if (!came.shown()) {
            repeated++;
            if (!came.epoch().equals(view.epoch) || came.offset() > view.offset) {
                view.epoch = came.epoch();
                view.offset = came.offset(); // the client has what is there
            }
            return;
        }
        delivered++;
        if (view.shown.add(came.id())) {
            checkContinuity(view, came);
        } else {
            duplicated++;
            violate(came, Rule.DUPLICATED, "it was shown before");
        }
        checkId(came);
        view.epoch = came.epoch();
        view.offset = came.offset();
        if (acceptedIds.containsKey(came.id())) {
            view.acceptedUpTo = Math.max(view.acceptedUpTo, came.offset());
            view.everAcceptedUpTo = Math.max(view.everAcceptedUpTo, came.offset());
        }
    }

    private void checkPlace(Came came) {
        String place = came.epoch() + '/' + came.offset();
        String other = topic(came.client().address()).idByPlace.putIfAbsent(place, came.id());
        if (other != null && !other.equals(came.id())) {
            violate(came, Rule.OFFSET_USED_TWICE, "it was that of " + other + " before");
        }
    }

    private void checkContent(Came came) {
        Written letter = written.get(came.letter());
        if (letter == null || !letter.address().equals(came.client().address())) {
            violate(
                    came,
                    Rule.NOT_WHAT_WAS_SENT,
                    letter == null ? "nobody wrote it" : "it was for " + letter.address());
        }
        Accepted accepted = acceptedIds.get(came.id());
        if (accepted != null && accepted.letter() != came.letter()) {
            violate(came, Rule.NOT_WHAT_WAS_SENT, "this id was given to letter " + accepted.letter());
        }
    }

    private void checkId(Came came) {
        Set<String> ids =
                topic(came.client().address()).idsByLetter.computeIfAbsent(came.letter(), _ -> new HashSet<>());
        if (ids.add(came.id()) && ids.size() == 2) {
            shownBeforeAccepted++;
            if (demands.oneIdEach()) {
                violate(came, Rule.SHOWN_UNDER_TWO_IDS, "its letter was shown under another id before");
            }
        }
    }

    private void checkOrder(View view, Came came) {
        Long before = view.lastOfSession.put(came.session() + came.epoch(), came.offset());
        boolean toldSince = view.told.stream().anyMatch(it -> it.told().session() == came.session());
        if (before != null && before >= came.offset() && !toldSince) {
            violate(came, Rule.OUT_OF_ORDER, "it came behind offset %d on the same connection".formatted(before));
        }
    }

    /** A new epoch goes on behind what was accepted; what was shown and never accepted may have been beyond that. */
    private void checkContinuity(View view, Came came) {
        boolean anotherEpoch = !view.epoch.isEmpty() && !came.epoch().equals(view.epoch);
        if (came.offset() > view.offset + 1) {
            violate(came, Rule.PASSED_OVER, "the client was at %d in %s".formatted(view.offset, view.epoch));
        } else if (anotherEpoch && came.offset() <= view.acceptedUpTo) {
            violate(
                    came,
                    Rule.NEW_EPOCH_UNSAID,
                    "the client was at %d in %s, and has accepted ones up to %d"
                            .formatted(view.offset, view.epoch, view.acceptedUpTo));
        }
    }

    private void conclude() {
        for (Accepted accepted : acceptedLetters.values()) {
            Topic topic = topic(accepted.address());
            if (topic.views.isEmpty()) {
                lose(accepted, "for which nobody came");
            }
            topic.views.values().stream()
                    .filter(view -> !view.shown.contains(accepted.id()))
                    .forEach(view -> conclude(accepted, view));
        }
        for (Topic topic : topics.values()) {
            for (View view : topic.views.values()) {
                if (!view.misses) {
                    announcedWithoutLoss += view.told.size();
                }
            }
        }
        neverAccepted = written.size() - acceptedLetters.size();
    }

    private void conclude(Accepted accepted, View missing) {
        missing.misses = true;
        if (!demands.keepsAll() && missing.told.stream().anyMatch(it -> hasExpired(accepted, it))) {
            expired++;
            return;
        }
        boolean told = missing.told.stream().anyMatch(it -> it.told().at() >= written(accepted));
        if (told) {
            lostAndTold++;
        }
        lose(accepted, "never came to %s, %s".formatted(missing.client, told ? "who was told" : "in silence"));
    }

    /**
     * Whether the client may have been told of this one, with so many others behind it as are kept. That it was told of it at some time
     * follows from there being no other place for it: what is left out in silence is passed over, and all had the last one.
     */
    private boolean hasExpired(Accepted accepted, Announcement announcement) {
        if (announcement.behindWrittenAt() > accepted.at()) {
            return false; // the client was beyond it
        }
        long newer = written.values().stream()
                .filter(other -> other.letter() != accepted.letter())
                .filter(other -> other.address().equals(accepted.address()))
                .filter(other -> other.at() <= announcement.told().at() && acceptedAt(other) >= written(accepted))
                .count();
        return newer >= demands.kept();
    }

    private long acceptedAt(Written letter) {
        Accepted accepted = acceptedLetters.get(letter.letter());
        return accepted == null ? Long.MAX_VALUE : accepted.at();
    }

    private void lose(Accepted accepted, String why) {
        lost++;
        violations.add(new Violation(
                accepted.at(),
                Rule.LOST,
                "letter %d, accepted as %s for %s, %s"
                        .formatted(accepted.letter(), accepted.id(), accepted.address(), why)));
    }

    private long written(Accepted accepted) {
        Written letter = written.get(accepted.letter());
        return letter == null ? accepted.at() : letter.at();
    }

    private void violate(Came came, Rule rule, String why) {
        violations.add(new Violation(
                came.at(),
                rule,
                "%s, letter %d, at %d in %s, came to %s on connection %d: %s"
                        .formatted(
                                came.id(),
                                came.letter(),
                                came.offset(),
                                came.epoch(),
                                came.client(),
                                came.session(),
                                why)));
    }
}
