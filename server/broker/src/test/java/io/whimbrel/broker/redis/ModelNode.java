package io.whimbrel.broker.redis;

import io.whimbrel.broker.Broker;
import io.whimbrel.broker.Receipts;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

/**
 * A node of a model test, with what its listeners were given since they were asked last.
 *
 * @param ear its name for {@link Receipts#hear}
 * @param subscribed the topics it is to receive
 */
record ModelNode(Broker broker, Inputs inputs, String ear, Set<Topic> subscribed) {
    /** Written by the broker's threads. */
    static final class Inputs implements Broker.Listener {
        final Queue<Publication> publications = new ConcurrentLinkedQueue<>();
        final Queue<Receipts.Count> counts = new ConcurrentLinkedQueue<>();
        final AtomicInteger renewals = new AtomicInteger();

        @Override
        public void onPublication(Publication publication) {
            publications.add(publication);
        }

        @Override
        public void onRenewed() {
            renewals.incrementAndGet();
        }
    }

    /** As many as a test has. */
    static List<ModelNode> joinAll(ModelNetwork network) {
        return new ArrayList<>(
                IntStream.range(0, ModelSide.NODES).mapToObj(_ -> join(network)).toList());
    }

    static ModelNode join(ModelNetwork network) {
        Inputs inputs = new Inputs();
        Broker broker = network.join(inputs);
        String ear = broker.receipts().hear(inputs.counts::add);
        return new ModelNode(broker, inputs, ear, new HashSet<>());
    }

    List<Publication> publications() {
        return List.copyOf(inputs.publications);
    }

    List<Receipts.Count> counts() {
        return List.copyOf(inputs.counts);
    }

    void forget() {
        inputs.publications.clear();
        inputs.counts.clear();
    }
}
