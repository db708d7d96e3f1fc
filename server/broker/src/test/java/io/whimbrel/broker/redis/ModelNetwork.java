package io.whimbrel.broker.redis;

import io.whimbrel.broker.Broker;
import io.whimbrel.broker.HistoryRules;
import io.whimbrel.broker.memory.MemoryNetwork;
import java.time.Duration;
import java.time.Instant;

/** What a model test's nodes are joined by, and what happens to it from outside. */
interface ModelNetwork {
    Broker join(Broker.Listener listener);

    void pass(Duration duration);

    void wipe(boolean scriptsToo);

    /** In memory, with a clock that stands still unless it is moved. */
    final class InMemory implements ModelNetwork {
        /** After which nothing that any broker kept is left. */
        private static final Duration LONGEST = Histories.META_TIME.plusDays(1);

        private Instant now = Instant.parse("2026-01-01T00:00:00Z");
        private final MemoryNetwork network;

        InMemory(HistoryRules rules) {
            network = new MemoryNetwork(MemoryNetwork.DEFAULT_QUEUE_LIMIT, rules, this::now);
        }

        private synchronized Instant now() {
            return now;
        }

        @Override
        public Broker join(Broker.Listener listener) {
            return network.join(listener);
        }

        @Override
        public synchronized void pass(Duration duration) {
            now = now.plus(duration);
        }

        @Override
        public void wipe(boolean scriptsToo) {
            pass(LONGEST);
        }
    }
}
