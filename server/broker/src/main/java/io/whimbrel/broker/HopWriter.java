package io.whimbrel.broker;

import io.whimbrel.broker.Traces.Leg;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings to the broker what one node writes down of publications' ways, many at a time. Nobody waits for it: what the broker does
 * not take is tried again for a while, and where too much waits the newest is dropped and counted. Safe for any thread.
 */
public final class HopWriter {
    private static final Logger log = LoggerFactory.getLogger(HopWriter.class);

    /** Legs that may wait; some hundred bytes each. */
    static final int MOST_WAITING = 10_000;

    private static final int AT_ONCE = 512;
    private static final long RETRY_MILLIS = 1_000;
    /** What was refused so often is dropped, so that it does not stand in the way of what comes later. */
    private static final int MOST_TRIES = 60;

    private final Traces traces;
    private final BrokerCounters counters;
    private final Supplier<String> node;
    private final InstantSource clock;
    private final Executor executor;
    /** Guarded by this, as are the two behind it. */
    private final ArrayDeque<Leg> waiting = new ArrayDeque<>();

    private boolean writing;
    private int failures;

    /** @param node how this one is called, asked with each hop */
    public HopWriter(
            Traces traces, BrokerCounters counters, Supplier<String> node, InstantSource clock, Executor executor) {
        this.traces = traces;
        this.counters = counters;
        this.node = node;
        this.clock = clock;
        this.executor = executor;
    }

    public long nowMicros() {
        return Hop.micros(clock.instant());
    }

    /** A hop of this node. */
    public Hop hop(long timeMicros, Outcome outcome, String detail) {
        return new Hop(timeMicros, node.get(), outcome, detail);
    }

    /** Takes it and returns; the broker hears of it after this turn of the executor. */
    public void write(Leg leg) {
        synchronized (this) {
            if (waiting.size() >= MOST_WAITING) {
                counters.hopsDropped.add(leg.hops().size());
                return;
            }
            waiting.add(leg);
            if (writing) {
                return;
            }
            writing = true;
        }
        run(executor);
    }

    private void run(Executor on) {
        try {
            on.execute(this::writeSome);
        } catch (RejectedExecutionException e) {
            log.debug("this node has ended, and hops with it", e);
        }
    }

    private void writeSome() {
        List<Leg> some = take();
        if (some.isEmpty()) {
            return;
        }
        int hops = some.stream().mapToInt(leg -> leg.hops().size()).sum();
        var _ = traces.append(some).whenComplete((_, failure) -> {
            if (failure == null) {
                counters.hopsWritten.add(hops);
                succeeded();
                run(executor);
            } else {
                log.debug("{} hops could not be written, trying on", hops, failure);
                failed(some, hops);
                run(CompletableFuture.delayedExecutor(RETRY_MILLIS, TimeUnit.MILLISECONDS, executor));
            }
        });
    }

    private synchronized List<Leg> take() {
        List<Leg> some = new ArrayList<>(Math.min(AT_ONCE, waiting.size()));
        while (some.size() < AT_ONCE && !waiting.isEmpty()) {
            some.add(waiting.remove());
        }
        writing = !some.isEmpty();
        return some;
    }

    private synchronized void succeeded() {
        failures = 0;
    }

    private synchronized void failed(List<Leg> legs, int hops) {
        if (++failures < MOST_TRIES) {
            legs.reversed().forEach(waiting::addFirst);
        } else {
            failures = 0;
            counters.hopsDropped.add(hops);
        }
    }
}
