package io.whimbrel.gateway;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What one tick adds to a topic: its frames, once per wire format that has subscribers. Lives until the last subscriber
 * was given it. Used on its event loop.
 */
final class Portion {
    private static final long[] NONE = {};

    private final int number;
    private @Nullable Batch plain;
    private @Nullable Batch deflated;
    private long firstTimeMillis;
    private long[] moreTimesMillis = NONE;
    private int publications;
    private int bytes;
    /** At which visit of its {@link Subscribers} everybody has it. */
    final long lastVisit;

    /** The one added after it. */
    @Nullable
    Portion next;

    /** @param number one more than that of the portion before; may overflow */
    Portion(int number, long lastVisit) {
        this.number = number;
        this.lastVisit = lastVisit;
    }

    int number() {
        return number;
    }

    int publications() {
        return publications;
    }

    Batch batch(boolean ofDeflated, Loop loop, OutboxRule rule, int expectedBytes) {
        Batch batch = batch(ofDeflated);
        if (batch == null) {
            batch = new Batch(loop.allocate(expectedBytes), rule);
            if (ofDeflated) {
                deflated = batch;
            } else {
                plain = batch;
            }
        }
        return batch;
    }

    /** Null where no subscriber has that wire format. */
    @Nullable
    Batch batch(boolean ofDeflated) {
        return ofDeflated ? deflated : plain;
    }

    void onAppended(long timeMillis, int appendedBytes) {
        if (publications == 0) {
            firstTimeMillis = timeMillis;
        } else {
            if (publications > moreTimesMillis.length) {
                moreTimesMillis = Arrays.copyOf(moreTimesMillis, Math.max(4, 2 * publications));
            }
            moreTimesMillis[publications - 1] = timeMillis;
        }
        publications++;
        bytes += appendedBytes;
    }

    /** Everybody has it, or nobody is left to have it. */
    void end(Loop loop) {
        loop.endAfterTick(plain);
        loop.endAfterTick(deflated);
        loop.onPortionEnded(bytes, publications);
    }

    /** Counts how long its publications took. */
    void measure(GatewayMetrics metrics, long nowMillis) {
        for (int i = 0; i < publications; i++) {
            metrics.reachedAll(nowMillis - (i == 0 ? firstTimeMillis : moreTimesMillis[i - 1]));
        }
    }
}
