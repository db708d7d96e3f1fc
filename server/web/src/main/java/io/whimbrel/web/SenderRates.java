package io.whimbrel.web;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.whimbrel.model.Address;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * How fast each sender may publish: a token bucket per sender, full at first. Safe for any thread. Buckets that would be
 * full again are forgotten; beyond {@link #MAX_SENDERS} the least used ones go early, which only ever favours a sender.
 */
final class SenderRates {
    /** About 10 MB. */
    static final int MAX_SENDERS = 100_000;

    /** One publication, in the unit of a bucket's level: a level of one gains {@code perSecond} units each nanosecond. */
    private static final long ONE = TimeUnit.SECONDS.toNanos(1);

    private final long gainPerNano;
    private final long fullLevel;
    private final long fillNanos;
    private final LongSupplier nanoClock;
    private final Cache<Address, Bucket> buckets;

    SenderRates(int perSecond, int burst, LongSupplier nanoClock) {
        this.gainPerNano = perSecond;
        this.fullLevel = burst * ONE;
        this.fillNanos = ceilDivide(fullLevel, gainPerNano);
        this.nanoClock = nanoClock;
        this.buckets = Caffeine.newBuilder()
                .maximumSize(MAX_SENDERS)
                .expireAfterAccess(Duration.ofNanos(fillNanos))
                .ticker(nanoClock::getAsLong)
                .executor(Runnable::run) // a little housekeeping by who comes along, instead of threads of its own
                .build();
    }

    /**
     * Counts one publication of this sender.
     *
     * @return 0 where it may pass, else the nanoseconds until one would; a refused one costs the sender nothing
     */
    long take(Address sender) {
        long now = nanoClock.getAsLong();
        return buckets.get(sender, _ -> new Bucket(fullLevel, now)).take(now);
    }

    /** How many senders are remembered, more or less. */
    long size() {
        return buckets.estimatedSize();
    }

    private static long ceilDivide(long value, long by) {
        return Math.ceilDiv(value, by);
    }

    private final class Bucket {
        private long level;
        private long atNanos;

        Bucket(long level, long atNanos) {
            this.level = level;
            this.atNanos = atNanos;
        }

        synchronized long take(long now) {
            long passed = now - atNanos;
            if (passed > 0) { // another thread may have read its clock a little later than we did
                level = passed >= fillNanos ? fullLevel : Math.min(fullLevel, level + passed * gainPerNano);
                atNanos = now;
            }
            if (level < ONE) {
                return ceilDivide(ONE - level, gainPerNano);
            }
            level -= ONE;
            return 0;
        }
    }
}
