package io.whimbrel.broker;

import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/**
 * Pub/sub channels outside of Whimbrel's own, named and filled as another program expects them: the original system's
 * {@code article}. Safe for any thread.
 */
public interface PlainChannels {
    /**
     * Receives every record of a channel, also after a lost connection. The listener is called on one thread of the
     * broker, in order; it must not block or throw.
     */
    void listen(String channel, Consumer<byte[]> listener);

    /** Carries how many programs received the record; fails with {@link BrokerUnavailableException} as publishing does. */
    CompletionStage<Integer> publish(String channel, byte[] record);
}
