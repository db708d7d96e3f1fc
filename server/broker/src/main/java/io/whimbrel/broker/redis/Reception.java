package io.whimbrel.broker.redis;

import io.whimbrel.broker.Broker;
import io.whimbrel.broker.BrokerCounters;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes publications of the messages in topics' channels, and hands them on. Called only on its event loop. */
final class Reception {
    private static final Logger log = LoggerFactory.getLogger(Reception.class);

    private static final long MALFORMED_LOG_INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final Broker.Listener listener;
    private final BrokerCounters counters;
    private long malformedLoggedNanos = System.nanoTime() - MALFORMED_LOG_INTERVAL_NANOS;

    Reception(Broker.Listener listener, BrokerCounters counters) {
        this.listener = listener;
        this.counters = counters;
    }

    void receive(Topic topic, byte[] message) {
        Publication publication = Envelope.decode(topic, message);
        if (publication == null) {
            malformed(topic, message.length);
            return;
        }
        counters.received.increment();
        listener.onPublication(publication);
    }

    private void malformed(Topic topic, int length) {
        counters.malformed.increment();
        long now = System.nanoTime();
        if (now - malformedLoggedNanos >= MALFORMED_LOG_INTERVAL_NANOS) {
            malformedLoggedNanos = now;
            log.warn(
                    "A message of {} bytes in {} is not in a form this version reads, dropped ({} so far)",
                    length,
                    topic,
                    counters.malformed.sum());
        }
    }
}
