package io.whimbrel.broker;

import io.whimbrel.model.Address;
import io.whimbrel.model.Position;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * The ways of publications that are traced. Stages fail with {@link BrokerUnavailableException} when the broker did not answer in
 * time. Safe for any thread.
 */
public interface Traces {
    /** How long a trace can be found after the last that was written down of it. */
    Duration KEPT_FOR = Duration.ofHours(1);

    /** Hops that are kept of one publication; further ones are counted. */
    int MOST_HOPS = 256;

    /** Publications that are listed of one topic, the newest. */
    int MOST_OF_TOPIC = 100;

    /** Writes down what a node saw of many publications. Where it failed, any of it may have been written. */
    CompletionStage<Void> append(Collection<Leg> legs);

    /** Empty for a publication that is not traced, or was long ago. */
    CompletionStage<Optional<Trace>> find(String id);

    /** Which publications of a topic were traced, the oldest first. */
    CompletionStage<List<String>> recent(Topic topic);

    /** Of a broker that remembers nothing. */
    Traces NONE = new Traces() {
        @Override
        public CompletionStage<Void> append(Collection<Leg> legs) {
            return CompletableFuture.completedStage(null);
        }

        @Override
        public CompletionStage<Optional<Trace>> find(String id) {
            return CompletableFuture.completedStage(Optional.empty());
        }

        @Override
        public CompletionStage<List<String>> recent(Topic topic) {
            return CompletableFuture.completedStage(List.of());
        }
    };

    /**
     * A part of one publication's way, as one node saw it.
     *
     * @param from its sender's address; null for a backend that named nobody
     * @param position null where that is not known, or nothing is kept
     * @param first whether it begins here, and so is to be listed among its topic's
     */
    record Leg(
            String id,
            Topic topic,
            @Nullable Address from,
            @Nullable Position position,
            boolean first,
            List<Hop> hops) {
        public Leg {
            hops = List.copyOf(hops);
        }

        /** One that does not begin the publication's way. */
        public static Leg of(Publication publication, List<Hop> hops) {
            return new Leg(
                    publication.id(), publication.topic(), publication.from(), publication.position(), false, hops);
        }
    }
}
