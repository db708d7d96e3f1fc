package io.whimbrel.load;

import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/** Cuts clients off at random: each about as often as it should, none in step with another. Safe for any thread. */
final class Jitter {
    private final long everyMillis;
    private final long awayMillis;
    private volatile boolean stopped;

    Jitter(BenchSettings.Breaks breaks) {
        everyMillis = breaks.cutEvery().toMillis();
        awayMillis = breaks.away().toMillis();
    }

    void start(List<Client> clients) {
        for (Client client : clients) {
            later(client, ThreadLocalRandom.current().nextLong(everyMillis) + 1);
        }
    }

    private void later(Client client, long millis) {
        client.loop().schedule(() -> cut(client), millis, TimeUnit.MILLISECONDS);
    }

    private void cut(Client client) {
        if (stopped) {
            return;
        }
        client.cut(awayMillis);
        long stays = everyMillis / 2 + ThreadLocalRandom.current().nextLong(everyMillis);
        later(client, awayMillis + stays);
    }

    /** Whoever is away still comes back. */
    void stop() {
        stopped = true;
    }
}
