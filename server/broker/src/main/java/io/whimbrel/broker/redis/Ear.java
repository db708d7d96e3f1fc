package io.whimbrel.broker.redis;

import java.util.function.Consumer;

/**
 * Who listens to a channel that is no topic's.
 *
 * @param onSubscribed called whenever Redis has newly subscribed this node to the channel
 * @param classic whether it is heard at every node of a cluster alike
 */
record Ear(Consumer<byte[]> consumer, Runnable onSubscribed, boolean classic) {
    Ear and(Ear other) {
        return new Ear(
                consumer.andThen(other.consumer),
                () -> {
                    onSubscribed.run();
                    other.onSubscribed.run();
                },
                classic);
    }
}
