package io.whimbrel.web;

import io.whimbrel.broker.HopWriter;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Decides which publications are traced: those whose publishers ask for it, a share of all, and those of topics that somebody
 * follows; of all these so many in a second. Safe for any thread.
 */
final class TraceDesk {
    private final HopWriter hops;
    private final double share;
    private final Predicate<Topic> isFollowed;
    /** Null where nothing is traced. */
    private final @Nullable Rates<TraceDesk> pace;

    private final LongSupplier nanoClock;
    private final WebMetrics metrics;

    TraceDesk(
            TraceSettings settings,
            HopWriter hops,
            Predicate<Topic> isFollowed,
            LongSupplier nanoClock,
            WebMetrics metrics) {
        this.hops = hops;
        this.share = settings.share();
        this.isFollowed = isFollowed;
        this.nanoClock = nanoClock;
        this.metrics = metrics;
        pace = settings.perSecond() == 0 ? null : new Rates<>(settings.perSecond(), settings.perSecond(), nanoClock);
    }

    /** Whether the next publication is traced. */
    boolean takes(Wishes wishes, Topic topic) {
        if (!wishes.trace() && !isFollowed.test(topic) && !isInShare()) {
            return false;
        }
        if (pace == null || pace.take(this) > 0) {
            metrics.traceRefused.increment();
            return false;
        }
        metrics.traced.increment();
        return true;
    }

    private boolean isInShare() {
        return share > 0 && ThreadLocalRandom.current().nextDouble() < share;
    }

    /** Begins to write down the way of a publication, just before it is published. */
    PublishTrail begin(Publication publication, boolean backend) {
        return new PublishTrail(hops, nanoClock, publication, backend);
    }
}
