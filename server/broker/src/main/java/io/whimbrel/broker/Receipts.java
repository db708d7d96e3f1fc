package io.whimbrel.broker;

import io.whimbrel.model.Publication;
import io.whimbrel.model.PublicationId;
import java.time.Duration;
import java.util.Collection;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/**
 * What becomes of publications whose senders want to know. Stages fail with {@link BrokerUnavailableException} when the broker
 * did not answer in time. Safe for any thread.
 */
public interface Receipts {
    /** How long a receipt can be found after the last that was told of it. */
    Duration KEPT_FOR = Duration.ofHours(1);

    /**
     * Begins a receipt; called before its publication is published, on the same thread, so that there is none published without.
     */
    CompletionStage<Void> open(Publication publication);

    /** Completes it with the broker's answer to the publishing. */
    CompletionStage<Void> settle(String id, Published published);

    /** Tells what nodes counted, of many publications at once; what one tells of one takes the place of what it told before. */
    CompletionStage<Void> report(Collection<Count> counts);

    /** Empty for a publication that did not ask for a receipt, or long ago. */
    CompletionStage<Optional<Receipt>> find(String id);

    /**
     * Hears what is reported of publications that name this listener as their asker, also after a lost connection, but not what
     * was reported in between. Called on a thread of the broker; must not block or throw.
     *
     * @return the name for {@link io.whimbrel.model.Tracking#asker}
     */
    String hear(Consumer<Count> listener);

    /**
     * What one node's sessions have of a publication.
     *
     * @param node names the one that counts: 1 to 64 visible ASCII characters
     * @param asker see {@link io.whimbrel.model.Tracking#asker}; null where nobody waits
     * @param sessions that were to be given it
     * @param written of these, how many sockets took all its bytes
     * @param acked of these, how many clients said that they have it
     */
    record Count(
            String id,
            String node,
            @org.jspecify.annotations.Nullable String asker,
            int sessions,
            int written,
            int acked) {
        private static final int MAX_NODE_LENGTH = 64;

        public Count {
            if (!PublicationId.isValid(id)) {
                throw new IllegalArgumentException("not a publication id: " + id);
            }
            if (node.isEmpty()
                    || node.length() > MAX_NODE_LENGTH
                    || !node.chars().allMatch(c -> c > ' ' && c < 127)) {
                throw new IllegalArgumentException(
                        "a node's name has 1 to %d visible ASCII characters, not: %s".formatted(MAX_NODE_LENGTH, node));
            }
        }
    }
}
