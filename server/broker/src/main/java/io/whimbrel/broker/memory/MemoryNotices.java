package io.whimbrel.broker.memory;

import io.whimbrel.broker.Notice;
import io.whimbrel.broker.NoticesFullException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Notices in memory. Used by the network's one thread only. */
final class MemoryNotices {
    private static final Logger log = LoggerFactory.getLogger(MemoryNotices.class);

    private final int limit;
    private final InstantSource clock;
    /** By kind, then by what they are about. */
    private final Map<String, Map<String, Notice>> kinds = new HashMap<>();

    private final List<Ear> ears = new ArrayList<>();

    /** @param node who listens, by which its ears are found again */
    record Ear(Object node, String kind, Consumer<Notice> listener) {}

    /** @param limit of each kind */
    MemoryNotices(int limit, InstantSource clock) {
        this.limit = limit;
        this.clock = clock;
    }

    /** @throws NoticesFullException when nothing more is taken */
    void post(Notice notice) {
        Map<String, Notice> same = kinds.computeIfAbsent(notice.kind(), _ -> new LinkedHashMap<>());
        if (!same.containsKey(notice.about()) && same.size() >= limit) {
            forgetEnded(same);
            if (same.size() >= limit) {
                throw new NoticesFullException(notice.kind(), limit);
            }
        }
        same.put(notice.about(), notice);
        for (Ear ear : List.copyOf(ears)) {
            if (ear.kind().equals(notice.kind())) {
                tell(ear, notice);
            }
        }
    }

    void hear(Ear ear) {
        ears.add(ear);
        Map<String, Notice> known = kinds.getOrDefault(ear.kind(), Map.of());
        forgetEnded(known);
        List.copyOf(known.values()).forEach(notice -> tell(ear, notice));
    }

    void forget(Object node) {
        ears.removeIf(ear -> ear.node().equals(node));
    }

    private void forgetEnded(Map<String, Notice> notices) {
        long now = clock.millis();
        notices.values().removeIf(notice -> notice.untilMillis() <= now);
    }

    private static void tell(Ear ear, Notice notice) {
        try {
            ear.listener().accept(notice);
        } catch (RuntimeException e) {
            log.error("A listener of the memory broker failed, which it must not", e);
        }
    }
}
