package io.whimbrel.system.chaos;

import io.whimbrel.system.chaos.Entry.Accepted;
import io.whimbrel.system.chaos.Entry.Came;
import io.whimbrel.system.chaos.Entry.ToldLost;
import io.whimbrel.system.chaos.Entry.Written;
import io.whimbrel.system.chaos.Violation.Rule;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What was accepted against what came: all of it, once, in order, where it belongs. */
final class Deliveries {
    private final boolean oneIdEach;
    private final List<Violation> violations;
    private final Map<Long, Written> written = new HashMap<>();
    private final Map<Long, Accepted> acceptedLetters = new HashMap<>();
    private final Map<String, Accepted> acceptedIds = new HashMap<>();
    private final Map<String, Topic> topics = new HashMap<>();

    int delivered;
    int repeated;
    int lost;
    int lostAndTold;
    int duplicated;
    int announcedWithoutLoss;
    int shownBeforeAccepted;
    int neverAccepted;

    /** What one client saw of its address. */
    private static final class Topic {
        private String epoch = "";
        private long offset;
        /** As far as accepted messages were shown; no later epoch may give these offsets to others. */
        private long acceptedUpTo;
        /** The place of the last message of a connection, by connection and epoch. */
        private final Map<String, Long> lastOfSession = new HashMap<>();

        private final Map<String, String> idByPlace = new HashMap<>();
        private final Set<String> shown = new HashSet<>();
        private final Map<Long, Set<String>> idsByLetter = new HashMap<>();
        private final List<ToldLost> told = new ArrayList<>();
        private boolean misses;
    }

    private Deliveries(boolean oneIdEach, List<Violation> violations) {
        this.oneIdEach = oneIdEach;
        this.violations = violations;
    }

    /** @param oneIdEach as of {@link Demands} */
    static Deliveries of(List<Entry> entries, boolean oneIdEach, List<Violation> violations) {
        Deliveries deliveries = new Deliveries(oneIdEach, violations);
        deliveries.readPublications(entries);
        for (Entry entry : entries) {
            if (entry instanceof Came came) {
                deliveries.onMessage(came);
            } else if (entry instanceof ToldLost told) {
                deliveries.onTold(told);
            }
        }
        deliveries.conclude();
        return deliveries;
    }

    int accepted() {
        return acceptedLetters.size();
    }

    /** First, since a message may come before its publisher is answered. */
    private void readPublications(List<Entry> entries) {
        for (Entry entry : entries) {
            if (entry instanceof Written letter) {
                written.put(letter.letter(), letter);
            } else if (entry instanceof Accepted letter) {
                acceptedLetters.put(letter.letter(), letter);
                acceptedIds.put(letter.id(), letter);
            }
        }
    }

    private Topic topic(String address) {
        return topics.computeIfAbsent(address, _ -> new Topic());
    }

    private void onTold(ToldLost told) {
        Topic topic = topic(told.address());
        topic.told.add(told);
        topic.epoch = told.epoch();
        topic.offset = told.offset();
        topic.acceptedUpTo = 0; // what comes behind it is another story
    }

    private void onMessage(Came came) {
        Topic topic = topic(came.address());
        checkContent(came);
        checkOrder(topic, came);
        String place = came.epoch() + '/' + came.offset();
        String other = topic.idByPlace.putIfAbsent(place, came.id());
        if (other != null && !other.equals(came.id())) {
            violate(came, Rule.OFFSET_USED_TWICE, "it was that of " + other + " before");
        }
        if (!came.shown()) {
            repeated++;
            if (!came.epoch().equals(topic.epoch) || came.offset() > topic.offset) {
                topic.epoch = came.epoch();
                topic.offset = came.offset(); // the client has what is there
            }
            return;
        }
        delivered++;
        if (topic.shown.add(came.id())) {
            checkContinuity(topic, came);
        } else {
            duplicated++;
            violate(came, Rule.DUPLICATED, "it was shown before");
        }
        checkId(topic, came);
        topic.epoch = came.epoch();
        topic.offset = came.offset();
        if (acceptedIds.containsKey(came.id())) {
            topic.acceptedUpTo = Math.max(topic.acceptedUpTo, came.offset());
        }
    }

    private void checkContent(Came came) {
        Written letter = written.get(came.letter());
        if (letter == null || !letter.address().equals(came.address())) {
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

    private void checkId(Topic topic, Came came) {
        Set<String> ids = topic.idsByLetter.computeIfAbsent(came.letter(), _ -> new HashSet<>());
        if (ids.add(came.id()) && ids.size() == 2) {
            shownBeforeAccepted++;
            if (oneIdEach) {
                violate(came, Rule.SHOWN_UNDER_TWO_IDS, "its letter was shown under another id before");
            }
        }
    }

    private void checkOrder(Topic topic, Came came) {
        Long before = topic.lastOfSession.put(came.session() + came.epoch(), came.offset());
        boolean toldSince = topic.told.stream().anyMatch(told -> told.session() == came.session());
        if (before != null && before >= came.offset() && !toldSince) {
            violate(came, Rule.OUT_OF_ORDER, "it came behind offset %d on the same connection".formatted(before));
        }
    }

    /** A new epoch goes on behind what was accepted; what was shown and never accepted may have been beyond that. */
    private void checkContinuity(Topic topic, Came came) {
        boolean anotherEpoch = !topic.epoch.isEmpty() && !came.epoch().equals(topic.epoch);
        if (came.offset() > topic.offset + 1) {
            violate(came, Rule.PASSED_OVER, "the client was at %d in %s".formatted(topic.offset, topic.epoch));
        } else if (anotherEpoch && came.offset() <= topic.acceptedUpTo) {
            violate(
                    came,
                    Rule.NEW_EPOCH_UNSAID,
                    "the client was at %d in %s, and has accepted ones up to %d"
                            .formatted(topic.offset, topic.epoch, topic.acceptedUpTo));
        }
    }

    private void conclude() {
        for (Accepted accepted : acceptedLetters.values()) {
            Topic topic = topic(accepted.address());
            if (!topic.shown.contains(accepted.id())) {
                topic.misses = true;
                lost++;
                boolean told = topic.told.stream().anyMatch(it -> it.at() >= written(accepted));
                if (told) {
                    lostAndTold++;
                }
                violations.add(new Violation(
                        accepted.at(),
                        Rule.LOST,
                        "letter %d, accepted as %s for %s, %s"
                                .formatted(
                                        accepted.letter(),
                                        accepted.id(),
                                        accepted.address(),
                                        told ? "of which the client was told" : "in silence")));
            }
        }
        for (Topic topic : topics.values()) {
            if (!topic.misses) {
                announcedWithoutLoss += topic.told.size();
            }
        }
        neverAccepted = written.size() - acceptedLetters.size();
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
                                came.address(),
                                came.session(),
                                why)));
    }
}
