package io.whimbrel.load;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.HdrHistogram.Histogram;

/**
 * What one event loop counts and times; written on that loop only. The counters may be read by any thread, the rest only
 * on the loop, or after it has come to rest.
 */
final class LoopMeter {
    private static final long LOWEST_NANOS = 1_000;
    private static final long HIGHEST_NANOS = TimeUnit.HOURS.toNanos(1);
    private static final int DIGITS = 3;

    private final AtomicLong delivered = new AtomicLong();
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicInteger connected = new AtomicInteger();
    private final AtomicInteger opened = new AtomicInteger();
    private final AtomicInteger placed = new AtomicInteger();

    private final Window window;
    private final Histogram inWindow = histogram();
    private Histogram lately = histogram();
    private final Histogram comebacks = histogram();
    private final Histogram replays = histogram();
    private final Map<String, Long> refusals = new TreeMap<>();
    private final Map<String, Long> closes = new TreeMap<>();

    LoopMeter(Window window) {
        this.window = window;
    }

    static Histogram histogram() {
        return new Histogram(LOWEST_NANOS, HIGHEST_NANOS, DIGITS);
    }

    void onDelivery(long dueNanos, long nowNanos) {
        long latency = Math.clamp(nowNanos - dueNanos, 0, HIGHEST_NANOS);
        lately.recordValue(latency);
        if (window.holds(dueNanos)) {
            inWindow.recordValue(latency);
        }
    }

    /** Once for what was read in one go. */
    void onRead(long messages, long byteCount) {
        delivered.lazySet(delivered.getPlain() + messages);
        bytes.lazySet(bytes.getPlain() + byteCount);
    }

    void onOpen() {
        opened.lazySet(opened.getPlain() + 1);
        connected.lazySet(connected.getPlain() + 1);
    }

    void onGone() {
        connected.lazySet(connected.getPlain() - 1);
    }

    /** One more client has been told where it stands. */
    void onPlaced() {
        placed.lazySet(placed.getPlain() + 1);
    }

    void onReplay(long nanos) {
        replays.recordValue(Math.clamp(nanos, 0, HIGHEST_NANOS));
    }

    void onComeback(long nanos) {
        comebacks.recordValue(Math.clamp(nanos, 0, HIGHEST_NANOS));
    }

    /** @param why "HTTP 503" */
    void onRefusal(String why) {
        refusals.merge(why, 1L, Long::sum);
    }

    /** @param why a close code, or what else ended it */
    void onClose(String why) {
        closes.merge(why, 1L, Long::sum);
    }

    long delivered() {
        return delivered.get();
    }

    long bytes() {
        return bytes.get();
    }

    int connected() {
        return connected.get();
    }

    int opened() {
        return opened.get();
    }

    int placed() {
        return placed.get();
    }

    /** The latencies since the last call. */
    Histogram takeLately() {
        Histogram taken = lately;
        lately = histogram();
        return taken;
    }

    Histogram inWindow() {
        return inWindow;
    }

    Histogram comebacks() {
        return comebacks;
    }

    Histogram replays() {
        return replays;
    }

    Map<String, Long> refusals() {
        return refusals;
    }

    Map<String, Long> closes() {
        return closes;
    }
}
