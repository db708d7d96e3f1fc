package io.whimbrel.broker.memory;

import io.whimbrel.broker.Published;
import io.whimbrel.broker.Receipt;
import io.whimbrel.broker.Receipts;
import io.whimbrel.broker.Receipts.Count;
import io.whimbrel.model.Publication;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Receipts in memory. Used by the network's one thread only. */
final class MemoryReceipts {
    private final InstantSource clock;
    /** In the order of when they were told of last. */
    private final Map<String, Entry> entries = new LinkedHashMap<>();

    private final Map<String, Consumer<Count>> ears = new HashMap<>();

    private static final class Entry {
        @Nullable
        Publication publication;

        @Nullable
        Published published;

        final Map<String, Count> counts = new HashMap<>();
        long keptUntilMillis;
    }

    MemoryReceipts(InstantSource clock) {
        this.clock = clock;
    }

    void open(Publication publication) {
        entry(publication.id()).publication = publication;
    }

    void settle(String id, Published published) {
        entry(id).published = published;
    }

    void report(List<Count> counts) {
        for (Count count : counts) {
            entry(count.id()).counts.put(count.node(), count);
            Consumer<Count> ear = count.asker() == null ? null : ears.get(count.asker());
            if (ear != null) {
                ear.accept(count);
            }
        }
    }

    Optional<Receipt> find(String id) {
        forgetOld();
        Entry entry = entries.get(id);
        if (entry == null || entry.publication == null || isOld(entry)) {
            return Optional.empty();
        }
        Published published = entry.published;
        return Optional.of(new Receipt(
                entry.publication.topic(),
                entry.publication.from(),
                published == null ? -1 : published.nodes(),
                published == null ? null : published.position(),
                List.copyOf(entry.counts.values())));
    }

    void hear(String asker, Consumer<Count> listener) {
        ears.merge(asker, listener, Consumer::andThen);
    }

    void forget(String asker) {
        ears.remove(asker);
    }

    private Entry entry(String id) {
        forgetOld();
        Entry known = entries.remove(id);
        Entry entry = known == null || isOld(known) ? new Entry() : known;
        entry.keptUntilMillis = clock.millis() + Receipts.KEPT_FOR.toMillis();
        entries.put(id, entry);
        return entry;
    }

    /** As far as they are the first; a clock that was set back leaves some in between. */
    private void forgetOld() {
        var oldest = entries.values().iterator();
        while (oldest.hasNext() && isOld(oldest.next())) {
            oldest.remove();
        }
    }

    private boolean isOld(Entry entry) {
        return entry.keptUntilMillis <= clock.millis();
    }
}
