package io.whimbrel.gateway;

import io.whimbrel.broker.Broker;
import io.whimbrel.broker.History;
import io.whimbrel.broker.Tops;
import io.whimbrel.model.Position;
import io.whimbrel.model.Topic;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Which event loops of this gateway have subscribers of which topic: the broker is asked for a topic when the first
 * loop wants it and told to stop after the last one. Safe for any thread.
 */
final class Subscriptions {
    private static final Loop[] NOBODY = {};

    private record Entry(Loop[] loops, CompletionStage<Void> ready) {}

    private final ConcurrentHashMap<Topic, Entry> topics = new ConcurrentHashMap<>();
    private final Broker broker;

    Subscriptions(Broker broker) {
        this.broker = broker;
    }

    /** The stage of the broker's subscription; one that failed is tried anew. The broker is called under the topic's lock, so that calls keep their order. */
    CompletionStage<Void> add(Topic topic, Loop loop) {
        return topics.compute(topic, (_, entry) -> {
                    if (entry == null) {
                        return new Entry(new Loop[] {loop}, broker.subscribe(topic));
                    }
                    Loop[] more = Arrays.copyOf(entry.loops, entry.loops.length + 1);
                    more[entry.loops.length] = loop;
                    return new Entry(more, hasFailed(entry.ready) ? broker.subscribe(topic) : entry.ready);
                })
                .ready();
    }

    static boolean hasFailed(CompletionStage<Void> ready) {
        return ready.toCompletableFuture().isCompletedExceptionally();
    }

    void remove(Topic topic, Loop loop) {
        topics.computeIfPresent(topic, (_, entry) -> {
            Loop[] rest =
                    Arrays.stream(entry.loops).filter(other -> other != loop).toArray(Loop[]::new);
            if (rest.length > 0) {
                return new Entry(rest, entry.ready);
            }
            broker.unsubscribe(topic);
            return null;
        });
    }

    boolean keeps(Topic topic) {
        return broker.keeps(topic);
    }

    CompletionStage<History> history(Topic topic, long after, int limit) {
        return broker.history(topic, after, limit);
    }

    CompletionStage<History> inbox(Topic topic, int limit) {
        return broker.inbox(topic, limit);
    }

    CompletionStage<Void> moveCursors(Map<Topic, Position> furthest) {
        return broker.moveCursors(furthest);
    }

    CompletionStage<Tops> tops(List<Topic> of) {
        return broker.tops(of);
    }

    /** The loops that want this topic's publications; not to be changed. */
    Loop[] loopsOf(Topic topic) {
        Entry entry = topics.get(topic);
        return entry == null ? NOBODY : entry.loops;
    }

    int size() {
        return topics.size();
    }
}
