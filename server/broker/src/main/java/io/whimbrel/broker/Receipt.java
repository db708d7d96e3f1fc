package io.whimbrel.broker;

import io.whimbrel.broker.Receipts.Count;
import io.whimbrel.model.Address;
import io.whimbrel.model.Position;
import io.whimbrel.model.Topic;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What became of one publication so far.
 *
 * @param from its sender's address; null for a backend that named nobody
 * @param nodes how many were subscribed when it was published; -1 where the broker's answer is not known
 * @param position null where that is not known, or nothing is kept
 * @param counts of each node that told anything
 */
public record Receipt(
        Topic topic,
        @Nullable Address from,
        int nodes,
        @Nullable Position position,
        List<Count> counts) {
    public Receipt {
        counts = List.copyOf(counts);
    }

    public int sessions() {
        return counts.stream().mapToInt(Count::sessions).sum();
    }

    public int written() {
        return counts.stream().mapToInt(Count::written).sum();
    }

    public int acked() {
        return counts.stream().mapToInt(Count::acked).sum();
    }
}
