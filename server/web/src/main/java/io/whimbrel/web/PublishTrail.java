package io.whimbrel.web;

import io.whimbrel.broker.Hop;
import io.whimbrel.broker.HopWriter;
import io.whimbrel.broker.Outcome;
import io.whimbrel.broker.Published;
import io.whimbrel.broker.PublishedOnce;
import io.whimbrel.broker.PublishedOnce.First;
import io.whimbrel.broker.PublishedOnce.Mismatch;
import io.whimbrel.broker.PublishedOnce.Repeat;
import io.whimbrel.broker.Traces.Leg;
import io.whimbrel.model.Position;
import io.whimbrel.model.Publication;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** What the web server writes down of one traced publication, once the broker has answered. Used on its exchange's event loop. */
final class PublishTrail {
    /** An answer of the broker that takes longer is told of as slow. */
    static final long SLOW_MILLIS = 500;

    private static final long SLOW_NANOS = TimeUnit.MILLISECONDS.toNanos(SLOW_MILLIS);
    private static final long SECOND_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final HopWriter writer;
    private final LongSupplier nanoClock;
    private final Publication publication;
    private final long beganNanos;
    private final Hop accepted;

    PublishTrail(HopWriter writer, LongSupplier nanoClock, Publication publication, boolean backend) {
        this.writer = writer;
        this.nanoClock = nanoClock;
        this.publication = publication;
        beganNanos = nanoClock.getAsLong();
        accepted = writer.hop(writer.nowMicros(), Outcome.ACCEPTED, backend ? "from a backend" : "from a client");
    }

    void onOutcome(PublishedOnce outcome) {
        switch (outcome) {
            case First(Published published) -> onPublished(published);
            case Repeat(String id, Published published) ->
                write(
                        id,
                        published.position(),
                        false,
                        List.of(hop(Outcome.REPEATED, "sent again with its idempotency key: nothing was published")));
            case Mismatch() -> {} // the publisher is told, and there is no publication
        }
    }

    private void onPublished(Published published) {
        long nanos = nanoClock.getAsLong() - beganNanos;
        List<Hop> hops = new ArrayList<>();
        hops.add(accepted);
        if (nanos >= SLOW_NANOS) {
            hops.add(hop(
                    Outcome.REDIS_SLOW,
                    "redis answered after %s, slow is from %d ms on".formatted(time(nanos), SLOW_MILLIS)));
        }
        Position position = published.position();
        String kept = position == null ? "nothing is kept" : "kept at offset " + position.offset();
        hops.add(hop(
                Outcome.PUBLISHED, "%s, %s, redis took %s".formatted(gateways(published.nodes()), kept, time(nanos))));
        if (published.nodes() == 0) {
            hops.add(hop(
                    Outcome.NOBODY,
                    position == null ? "no gateway has the topic, and it is not kept" : "no gateway has the topic"));
        }
        write(publication.id(), position, true, hops);
    }

    private static String gateways(int nodes) {
        return nodes == 1 ? "1 gateway listens" : nodes + " gateways listen";
    }

    /** The broker did not take it, or not in time. */
    void onFailure() {
        long nanos = nanoClock.getAsLong() - beganNanos;
        String why = nanos >= SLOW_NANOS ? "redis did not answer within " + time(nanos) : "redis is away";
        Hop failed = hop(Outcome.FAILED, why + "; it may have gone out all the same");
        write(publication.id(), null, true, List.of(accepted, failed));
    }

    private Hop hop(Outcome outcome, String detail) {
        return writer.hop(writer.nowMicros(), outcome, detail);
    }

    private void write(String id, @Nullable Position position, boolean first, List<Hop> hops) {
        writer.write(new Leg(id, publication.topic(), publication.from(), position, first, hops));
    }

    private static String time(long nanos) {
        return nanos < SECOND_NANOS
                ? String.format(Locale.ROOT, "%.1f ms", nanos / 1e6)
                : String.format(Locale.ROOT, "%.1f s", nanos / 1e9);
    }
}
