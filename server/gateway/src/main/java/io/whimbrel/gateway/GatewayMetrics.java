package io.whimbrel.gateway;

import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.whimbrel.model.Disconnect;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.LongStream;

/** What a gateway counts. Adders, so that the delivery path pays an uncontended addition; meters only read them. Safe for any thread. */
final class GatewayMetrics {
    /** What became of a record of the plain channel. */
    enum PlainOutcome {
        DELIVERED,
        NOT_HERE,
        MALFORMED,
        OWN,
        OVERFLOW
    }

    private final MeterRegistry registry;
    private final LongAdder opened = new LongAdder();
    private final LongAdder ended = new LongAdder();
    private final LongAdder deliveries = new LongAdder();
    private final LongAdder publications = new LongAdder();
    private final LongAdder inboxOverflows = new LongAdder();
    private final LongAdder closedByClient = new LongAdder();
    private final LongAdder unreadable = new LongAdder();
    private final LongAdder overRate = new LongAdder();
    private final LongAdder overLimit = new LongAdder();
    private final LongAdder dropped = new LongAdder();
    private final LongAdder replayed = new LongAdder();
    private final LongAdder notRecovered = new LongAdder();
    private final LongAdder cursorsMoved = new LongAdder();
    private final LongAdder cursorsLost = new LongAdder();
    private final LongAdder acksIgnored = new LongAdder();
    private final LongAdder receiptsTold = new LongAdder();
    private final LongAdder receiptsUntold = new LongAdder();
    private final LongAdder receiptsGivenUp = new LongAdder();
    private final DistributionSummary tickSize;
    private final Timer latency;
    private final Timer eventLoopLag;
    private final Map<Disconnect, LongAdder> closes = new EnumMap<>(Disconnect.class);
    private final Map<PlainOutcome, LongAdder> plain = new EnumMap<>(PlainOutcome.class);

    GatewayMetrics(MeterRegistry registry) {
        this.registry = registry;
        Gauge.builder("whimbrel.gateway.sessions", () -> opened.sum() - ended.sum())
                .description("Connections whose handshake has been answered")
                .register(registry);
        count("whimbrel.gateway.sessions.opened", "Handshakes answered with 101", opened);
        count("whimbrel.gateway.deliveries", "Frames handed to sockets", deliveries);
        count("whimbrel.gateway.publications", "Publications that arrived for a topic of this gateway", publications);
        count(
                "whimbrel.gateway.inbox.overflows",
                "Publications dropped since an event loop could not keep up",
                inboxOverflows);
        count("whimbrel.gateway.replayed", "Publications sent to sessions that had missed them", replayed);
        count(
                "whimbrel.gateway.not.recovered",
                "Sessions that missed publications which are not kept any more",
                notRecovered);
        count("whimbrel.gateway.cursors.moved", "Cursors of inboxes that the broker was told of", cursorsMoved);
        count(
                "whimbrel.gateway.cursors.lost",
                "Cursors it was not told of, since too many waited while it was away",
                cursorsLost);
        count("whimbrel.gateway.acks.ignored", "Acknowledgements of what the session was never sent", acksIgnored);
        count("whimbrel.gateway.receipts.told", "Changes of receipts told to the broker", receiptsTold);
        count("whimbrel.gateway.receipts.untold", "Changes of receipts the broker did not take", receiptsUntold);
        count(
                "whimbrel.gateway.receipts.given.up",
                "Publications not followed any further, since there were too many",
                receiptsGivenUp);
        count("whimbrel.gateway.outbox.dropped", "Frames dropped for clients that did not keep up", dropped);
        tickSize = DistributionSummary.builder("whimbrel.gateway.tick.publications")
                .description("Publications that subscribers got in one write")
                .serviceLevelObjectives(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
                .register(registry);
        latency = Timer.builder("whimbrel.gateway.latency")
                .description("From the web server's clock at the publish to this gateway's after the write")
                .serviceLevelObjectives(buckets(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000))
                .register(registry);
        eventLoopLag = Timer.builder("whimbrel.gateway.event.loop.lag")
                .description("By how much an event loop came late to its own clock")
                .serviceLevelObjectives(buckets(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000))
                .register(registry);
        count("whimbrel.gateway.refused", "Connections turned away, by reason", overLimit, "reason", "max-connections");
        count("whimbrel.gateway.refused", "Connections turned away, by reason", overRate, "reason", "rate");
        count("whimbrel.gateway.refused", "Connections turned away, by reason", unreadable, "reason", "unreadable");
        count("whimbrel.gateway.closes", "Connections closed, by reason", closedByClient, "reason", "client");
        for (Disconnect reason : Disconnect.values()) {
            LongAdder adder = new LongAdder();
            closes.put(reason, adder);
            count("whimbrel.gateway.closes", "Connections closed, by reason", adder, "reason", tag(reason));
        }
        for (PlainOutcome outcome : PlainOutcome.values()) {
            LongAdder adder = new LongAdder();
            plain.put(outcome, adder);
            count("whimbrel.gateway.plain.records", "Records of the plain channel", adder, "outcome", tag(outcome));
        }
    }

    void receiptsTold(int count) {
        receiptsTold.add(count);
    }

    void receiptsUntold(int count) {
        receiptsUntold.add(count);
    }

    void receiptGivenUp() {
        receiptsGivenUp.increment();
    }

    void cursorsMoved(int count) {
        cursorsMoved.add(count);
    }

    void cursorsLost(int count) {
        cursorsLost.add(count);
    }

    void ackIgnored() {
        acksIgnored.increment();
    }

    /** A refused handshake; rare enough to look its meter up. */
    void refused(int httpStatus) {
        registry.counter("whimbrel.gateway.refused", "reason", "http-" + httpStatus)
                .increment();
    }

    /** Neither TLS nor a PROXY header nor anything else we expected. */
    void refusedUnreadable() {
        unreadable.increment();
    }

    void refusedOverRate() {
        overRate.increment();
    }

    void refusedOverLimit() {
        overLimit.increment();
    }

    void sessionOpened() {
        opened.increment();
    }

    void sessionEnded() {
        ended.increment();
    }

    void published() {
        publications.increment();
    }

    void delivered(long frames) {
        deliveries.add(frames);
    }

    void replayed(int publications) {
        replayed.add(publications);
    }

    void notRecovered() {
        notRecovered.increment();
    }

    /** Frames that a rule dropped for clients that did not keep up. */
    void dropped(int frames) {
        dropped.add(frames);
    }

    /** So many publications go to a subscriber, or to several, in one write. */
    void tick(int publications) {
        tickSize.record(publications);
    }

    /** All subscribers of an event loop have a publication, so long after it was published. */
    void reachedAll(long latencyMillis) {
        latency.record(Math.max(0, latencyMillis), TimeUnit.MILLISECONDS);
    }

    /** By how much something an event loop was to do came late. */
    void eventLoopLag(long nanos) {
        eventLoopLag.record(Math.max(0, nanos), TimeUnit.NANOSECONDS);
    }

    void inboxOverflow() {
        inboxOverflows.increment();
    }

    void closedByClient() {
        closedByClient.increment();
    }

    void closed(Disconnect reason) {
        adder(closes, reason).increment();
    }

    void plainRecord(PlainOutcome outcome) {
        adder(plain, outcome).increment();
    }

    void gauge(String name, String description, java.util.function.Supplier<Number> value) {
        Gauge.builder(name, value).description(description).register(registry);
    }

    private static Duration[] buckets(long... millis) {
        return LongStream.of(millis).mapToObj(Duration::ofMillis).toArray(Duration[]::new);
    }

    private static <K extends Enum<K>> LongAdder adder(Map<K, LongAdder> adders, K key) {
        return java.util.Objects.requireNonNull(adders.get(key));
    }

    private void count(String name, String description, LongAdder adder, String... tags) {
        FunctionCounter.builder(name, adder, LongAdder::sum)
                .description(description)
                .tags(tags)
                .register(registry);
    }

    private static String tag(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
