package io.whimbrel.web;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * How often each of many may do something: a token bucket for each, full at first. Safe for any thread. Buckets that
 * would be full again are forgotten; beyond {@link #MAX_KEYS} the least used ones go early, which only ever favours whom
 * they belong to.
 *
 * @param <K> by what they are told apart
 */
final class Rates<K> {
    /** About 10 MB. */
    static final int MAX_KEYS = 100_000;

    /** One time, in the unit of a bucket's level: a level of one gains {@code perSecond} units each nanosecond. */
    private static final long ONE = TimeUnit.SECONDS.toNanos(1);

    private final long gainPerNano;
    private final long fullLevel;
    private final long fillNanos;
    private final LongSupplier nanoClock;
    private final Cache<K, Bucket> buckets;

    Rates(int perSecond, int burst, LongSupplier nanoClock) {
        this.gainPerNano = perSecond;
        this.fullLevel = burst * ONE;
        this.fillNanos = ceilDivide(fullLevel, gainPerNano);
        this.nanoClock = nanoClock;
        this.buckets = Caffeine.newBuilder()
                .maximumSize(MAX_KEYS)
                .expireAfterAccess(Duration.ofNanos(fillNanos))
                .ticker(nanoClock::getAsLong)
                .executor(Runnable::run) // a little housekeeping by who comes along, instead of threads of its own
                .build();
    }

    /**
     * Counts one time.
     *
     * @return 0 where it may pass, else the nanoseconds until one would; a refused one costs nothing
     */
    long take(K key) {
        long now = nanoClock.getAsLong();
        return buckets.get(key, _ -> new Bucket(fullLevel, now)).take(now);
    }

    /** How many are remembered, more or less. */
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
