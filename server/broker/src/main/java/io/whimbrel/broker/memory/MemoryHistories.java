package io.whimbrel.broker.memory;

import io.whimbrel.broker.History;
import io.whimbrel.broker.HistoryRules;
import io.whimbrel.broker.Retention;
import io.whimbrel.model.Position;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Publications that are kept, in memory. But for {@link #keeps} used by the network's one thread only. */
final class MemoryHistories {
    /** For how long a topic's offsets go on after it was last used; then a new epoch begins. */
    static final Duration META_TIME = Duration.ofDays(30);

    /** Topics looked at with each call, so that those nobody uses any more are forgotten. */
    private static final int SWEPT_PER_CALL = 2;

    private final HistoryRules rules;
    private final InstantSource clock;
    private final Map<Topic, Stream> streams = new HashMap<>();
    /** Every topic that has a stream, once. */
    private final ArrayDeque<Topic> toSweep = new ArrayDeque<>();

    private static final class Stream {
        final String epoch = Position.newEpoch();
        final ArrayDeque<Publication> publications = new ArrayDeque<>();
        long top;
        long cursor;
        long keptUntilMillis;
        long knownUntilMillis;
    }

    MemoryHistories(HistoryRules rules, InstantSource clock) {
        this.rules = rules;
        this.clock = clock;
    }

    boolean keeps(Topic topic) {
        return rules.of(topic).keepsAny();
    }

    /** Answers it with its position. */
    Publication keep(Publication publication) {
        Retention retention = rules.of(publication.topic());
        Stream stream = streamOf(publication.topic());
        Publication kept = publication.at(new Position(stream.epoch, ++stream.top));
        stream.publications.add(kept);
        while (stream.publications.size() > retention.publications()) {
            stream.publications.remove();
        }
        stream.keptUntilMillis = clock.millis() + retention.time().toMillis();
        return kept;
    }

    History read(Topic topic, long after, int limit) {
        Stream stream = streamOf(topic);
        List<Publication> found = stream.publications.stream()
                .filter(publication ->
                        Objects.requireNonNull(publication.position()).offset() > after)
                .limit(limit)
                .toList();
        return new History(new Position(stream.epoch, stream.top), after, found);
    }

    History readLatest(Topic topic) {
        return read(topic, Math.max(0, streamOf(topic).top - 1), 1);
    }

    History readFromCursor(Topic topic, int limit) {
        return read(topic, streamOf(topic).cursor, limit);
    }

    void moveCursors(Map<Topic, Position> furthest) {
        furthest.forEach((topic, position) -> {
            Stream stream = known(topic);
            if (stream != null && stream.epoch.equals(position.epoch()) && position.offset() <= stream.top) {
                stream.cursor = Math.max(stream.cursor, position.offset());
            }
        });
    }

    Map<Topic, Position> tops(Collection<Topic> topics) {
        Map<Topic, Position> found = new HashMap<>();
        for (Topic topic : topics) {
            Stream stream = known(topic);
            if (stream != null) {
                found.put(topic, new Position(stream.epoch, stream.top));
            }
        }
        return found;
    }

    private @Nullable Stream known(Topic topic) {
        Stream stream = streams.get(topic);
        return stream == null || clock.millis() >= stream.knownUntilMillis ? null : stream;
    }

    private Stream streamOf(Topic topic) {
        sweep();
        Stream stream = streams.get(topic);
        if (stream == null) {
            toSweep.add(topic);
        }
        if (stream == null || clock.millis() >= stream.knownUntilMillis) {
            stream = new Stream();
            streams.put(topic, stream);
        }
        dropExpired(stream);
        stream.knownUntilMillis = clock.millis() + META_TIME.toMillis();
        return stream;
    }

    private void sweep() {
        for (int i = 0; i < SWEPT_PER_CALL && !toSweep.isEmpty(); i++) {
            Topic topic = toSweep.remove();
            Stream stream = streams.get(topic);
            if (stream == null || clock.millis() >= stream.knownUntilMillis) {
                streams.remove(topic);
            } else {
                dropExpired(stream);
                toSweep.add(topic);
            }
        }
    }

    private void dropExpired(Stream stream) {
        if (clock.millis() >= stream.keptUntilMillis) {
            stream.publications.clear();
        }
    }
}
