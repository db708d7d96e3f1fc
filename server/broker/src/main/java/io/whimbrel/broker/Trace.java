package io.whimbrel.broker;

import io.whimbrel.model.Address;
import io.whimbrel.model.Position;
import io.whimbrel.model.Topic;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The way of one publication so far.
 *
 * @param from its sender's address; null for a backend that named nobody
 * @param position null where that is not known, or nothing is kept
 * @param hops by their time, each once
 * @param more how many further ones were not kept
 */
public record Trace(
        Topic topic, @Nullable Address from, @Nullable Position position, List<Hop> hops, long more) {
    public Trace {
        // What was written down twice, since the broker did not answer the first time, was written down alike.
        hops = hops.stream()
                .distinct()
                .sorted(Comparator.comparingLong(Hop::timeMicros))
                .toList();
    }

    public boolean has(Outcome outcome) {
        return hops.stream().anyMatch(hop -> hop.is(outcome));
    }
}
