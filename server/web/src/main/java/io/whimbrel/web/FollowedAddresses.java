package io.whimbrel.web;

import io.whimbrel.broker.Notice;
import io.whimbrel.broker.Notices;
import io.whimbrel.model.Address;
import io.whimbrel.model.Topic;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Addresses all messages to which are traced for a while. Whichever web server is asked, all of them hear of it. Safe for any
 * thread.
 */
final class FollowedAddresses {
    private static final String KIND = "trace";
    /** So many may be remembered before those whose time is over are looked for. */
    private static final int FIRST_SWEEP = 1_000;

    private final Notices notices;
    private final InstantSource clock;
    private final Map<Topic, Long> untilMillis = new ConcurrentHashMap<>();
    /** Used by the broker's thread only. */
    private int nextSweep = FIRST_SWEEP;

    FollowedAddresses(Notices notices, InstantSource clock) {
        this.notices = notices;
        this.clock = clock;
    }

    /** Begins to hear of them. */
    FollowedAddresses start() {
        var _ = notices.hear(KIND, this::onNotice); // before all have been heard, some messages are not traced
        return this;
    }

    /** @param time from now on; zero ends it */
    CompletionStage<Void> follow(Address address, Duration time) {
        return notices.post(new Notice(KIND, address.toString(), "", clock.millis() + time.toMillis()));
    }

    boolean contain(Topic topic) {
        if (untilMillis.isEmpty()) {
            return false; // as nearly always
        }
        Long until = untilMillis.get(topic);
        return until != null && clock.millis() < until;
    }

    /** How many are remembered, also of those whose time is over. */
    int size() {
        return untilMillis.size();
    }

    private void onNotice(Notice notice) {
        Address.parse(notice.about()).ifPresent(address -> {
            untilMillis.put(Topic.of(address), notice.untilMillis());
            if (untilMillis.size() >= nextSweep) {
                long now = clock.millis();
                untilMillis.values().removeIf(until -> until <= now);
                nextSweep = Math.max(FIRST_SWEEP, 2 * untilMillis.size());
            }
        });
    }
}
