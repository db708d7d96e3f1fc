package io.whimbrel.broker.memory;

import io.whimbrel.broker.Hop;
import io.whimbrel.broker.Trace;
import io.whimbrel.broker.Traces;
import io.whimbrel.broker.Traces.Leg;
import io.whimbrel.model.Address;
import io.whimbrel.model.Position;
import io.whimbrel.model.Topic;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Traces in memory. Used by the network's one thread only. */
final class MemoryTraces {
    private final InstantSource clock;
    /** In the order of when they were told of last, as are the topics. */
    private final LinkedHashMap<String, Way> ways = new LinkedHashMap<>();

    private final LinkedHashMap<Topic, Listed> topics = new LinkedHashMap<>();

    private static final class Way {
        final Topic topic;
        final List<Hop> hops = new ArrayList<>();

        @Nullable
        Address from;

        @Nullable
        Position position;

        long more;
        long keptUntilMillis;

        Way(Topic topic) {
            this.topic = topic;
        }
    }

    private static final class Listed {
        final LinkedHashSet<String> ids = new LinkedHashSet<>();
        long keptUntilMillis;
    }

    MemoryTraces(InstantSource clock) {
        this.clock = clock;
    }

    void append(List<Leg> legs) {
        forgetOld();
        long keptUntilMillis = clock.millis() + Traces.KEPT_FOR.toMillis();
        for (Leg leg : legs) {
            Way way = ways.getOrDefault(leg.id(), new Way(leg.topic()));
            ways.putLast(leg.id(), way);
            way.keptUntilMillis = keptUntilMillis;
            way.from = leg.from() == null ? way.from : leg.from();
            way.position = leg.position() == null ? way.position : leg.position();
            for (Hop hop : leg.hops()) {
                if (way.hops.size() < Traces.MOST_HOPS) {
                    way.hops.add(hop);
                } else {
                    way.more++;
                }
            }
            if (leg.first()) {
                list(leg, keptUntilMillis);
            }
        }
    }

    private void list(Leg leg, long keptUntilMillis) {
        Listed listed = topics.getOrDefault(leg.topic(), new Listed());
        topics.putLast(leg.topic(), listed);
        listed.keptUntilMillis = keptUntilMillis;
        listed.ids.addLast(leg.id());
        while (listed.ids.size() > Traces.MOST_OF_TOPIC) {
            listed.ids.removeFirst();
        }
    }

    Optional<Trace> find(String id) {
        forgetOld();
        Way way = ways.get(id);
        return way == null
                ? Optional.empty()
                : Optional.of(new Trace(way.topic, way.from, way.position, way.hops, way.more));
    }

    List<String> recent(Topic topic) {
        forgetOld();
        Listed listed = topics.get(topic);
        return listed == null ? List.of() : List.copyOf(listed.ids);
    }

    private void forgetOld() {
        long now = clock.millis();
        forget(ways, way -> way.keptUntilMillis <= now);
        forget(topics, listed -> listed.keptUntilMillis <= now);
    }

    private static <T> void forget(Map<?, T> oldestFirst, Predicate<T> isOld) {
        var oldest = oldestFirst.values().iterator();
        while (oldest.hasNext() && isOld.test(oldest.next())) {
            oldest.remove();
        }
    }
}
