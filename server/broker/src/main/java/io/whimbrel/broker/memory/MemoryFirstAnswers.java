package io.whimbrel.broker.memory;

import io.whimbrel.broker.BrokerUnavailableException;
import io.whimbrel.broker.IdempotencyKey;
import io.whimbrel.broker.PublishedOnce;
import io.whimbrel.broker.PublishedOnce.First;
import io.whimbrel.broker.PublishedOnce.Mismatch;
import io.whimbrel.broker.PublishedOnce.Repeat;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.function.Supplier;

/** What became of the first publication with each idempotency key, in memory. Used by the network's one thread only. */
final class MemoryFirstAnswers {
    private final int limit;
    private final InstantSource clock;
    private final Map<Name, Answer> answers = new HashMap<>();
    private final PriorityQueue<Answer> byEnd = new PriorityQueue<>(Comparator.comparingLong(Answer::endMillis));

    private record Name(Topic topic, String digest) {}

    private record Answer(Name name, String payloadDigest, Repeat repeat, long endMillis) {}

    /** @param limit of answers remembered at a time; beyond it publications with new keys are refused */
    MemoryFirstAnswers(int limit, InstantSource clock) {
        this.limit = limit;
        this.clock = clock;
    }

    /**
     * Publishes unless the key was used before.
     *
     * @throws BrokerUnavailableException when nothing more can be remembered; then nothing was published
     */
    PublishedOnce firstOr(Publication publication, IdempotencyKey key, Supplier<First> publish) {
        forgetEnded();
        Name name = new Name(publication.topic(), key.digest());
        Answer known = answers.get(name);
        if (known != null) {
            return known.payloadDigest().equals(key.payloadDigest()) ? known.repeat() : new Mismatch();
        }
        if (answers.size() >= limit) {
            throw new BrokerUnavailableException(
                    "the memory broker remembers the answers to %d idempotency keys already".formatted(limit));
        }
        First first = publish.get();
        Repeat repeat = new Repeat(publication.id(), first.published());
        long endMillis = clock.millis() + key.time().toMillis();
        Answer answer = new Answer(name, key.payloadDigest(), repeat, endMillis);
        answers.put(name, answer);
        byEnd.add(answer);
        return first;
    }

    private void forgetEnded() {
        Answer next = byEnd.peek();
        while (next != null && next.endMillis() <= clock.millis()) {
            byEnd.remove();
            answers.remove(next.name());
            next = byEnd.peek();
        }
    }
}
