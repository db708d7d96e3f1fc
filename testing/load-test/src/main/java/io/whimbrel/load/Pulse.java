package io.whimbrel.load;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.HdrHistogram.Histogram;

/** Waits, and tells once a second how it goes. Used on the main thread. */
final class Pulse {
    private static final long SECOND_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(2);
    private static final long SELDOM_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final PrintStream progress;
    private final Crowd crowd;
    private final Supplier<Snapshot> snapshots;
    private final List<Second> seconds = new ArrayList<>();
    private Snapshot last;
    private long startNanos;
    private long nextNanos;
    private boolean begun;
    private Histogram collected = LoopMeter.histogram();

    Pulse(PrintStream progress, Crowd crowd, Supplier<Snapshot> snapshots) {
        this.progress = progress;
        this.crowd = crowd;
        this.snapshots = snapshots;
        last = snapshots.get();
    }

    /** Returns when it is so, or at that time. */
    void until(BooleanSupplier isSo, long deadlineNanos, String phase) {
        until(isSo, deadlineNanos, phase, POLL_NANOS);
    }

    /** As {@link #until(BooleanSupplier, long, String)}, for what is costly to find out. */
    void untilAskedSeldom(BooleanSupplier isSo, long deadlineNanos, String phase) {
        until(isSo, deadlineNanos, phase, SELDOM_NANOS);
    }

    private void until(BooleanSupplier isSo, long deadlineNanos, String phase, long pollNanos) {
        begin();
        while (!isSo.getAsBoolean()) {
            long now = Clock.nanos();
            if (now >= deadlineNanos) {
                return;
            }
            if (now >= nextNanos) {
                beat(phase);
                nextNanos += SECOND_NANOS * ((now - nextNanos) / SECOND_NANOS + 1);
            }
            rest(Math.min(pollNanos, Math.min(deadlineNanos, nextNanos) - now));
        }
    }

    /** Time counts from the first wait on. */
    private void begin() {
        if (!begun) {
            begun = true;
            last = snapshots.get();
            startNanos = last.nanos();
            nextNanos = startNanos + SECOND_NANOS;
        }
    }

    void until(long deadlineNanos, String phase) {
        until(() -> false, deadlineNanos, phase, SECOND_NANOS);
    }

    private static void rest(long nanos) {
        try {
            TimeUnit.NANOSECONDS.sleep(Math.max(1, nanos));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BenchException("interrupted", e);
        }
    }

    private void beat(String phase) {
        Snapshot now = snapshots.get();
        Histogram latencies = crowd.takeLately();
        collected.add(latencies);
        double seconds = now.secondsSince(last);
        Second second = new Second(
                Clock.seconds(now.nanos() - startNanos),
                phase,
                crowd.connected(),
                (now.sent() - last.sent()) / seconds,
                (now.delivered() - last.delivered()) / seconds,
                latencies.getValueAtPercentile(50),
                latencies.getValueAtPercentile(99));
        this.seconds.add(second);
        progress.printf(
                "%4.0f s  %-8s  connected %s%s  bench %.0f %%%n",
                second.atSeconds(),
                phase,
                Texts.number(second.connected()),
                traffic(second),
                now.busiestLoopSince(last) * 100);
        last = now;
    }

    private static String traffic(Second second) {
        if (second.publishedPerSecond() == 0 && second.deliveredPerSecond() == 0) {
            return "";
        }
        return "  published %s/s  delivered %s/s  p50 %s  p99 %s"
                .formatted(
                        Texts.number(Math.rint(second.publishedPerSecond())),
                        Texts.number(Math.rint(second.deliveredPerSecond())),
                        Texts.millis(second.p50Nanos()),
                        Texts.millis(second.p99Nanos()));
    }

    /** The latencies of whole seconds since the last call. */
    Histogram takeCollected() {
        Histogram taken = collected;
        collected = LoopMeter.histogram();
        return taken;
    }

    List<Second> seconds() {
        return List.copyOf(seconds);
    }
}
