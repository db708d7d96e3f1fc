package io.whimbrel.load;

import static org.assertj.core.api.Assertions.assertThat;

import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

/** Latencies of several event loops become one histogram, whole, before a percentile is read. */
class LoopMeterTest {
    private static final long MILLI = 1_000_000;

    private final Window window = new Window();

    @Test
    void aSlowLoopIsSeenInTheMergedTailAndNotAveragedAway() {
        window.begin(0);
        LoopMeter quick = new LoopMeter(window);
        LoopMeter slow = new LoopMeter(window);
        for (int i = 0; i < 980; i++) {
            quick.onDelivery(0, MILLI);
        }
        for (int i = 0; i < 20; i++) {
            slow.onDelivery(0, 500 * MILLI);
        }

        Histogram all = LoopMeter.histogram();
        all.add(quick.inWindow());
        all.add(slow.inWindow());

        assertThat(all.getTotalCount()).isEqualTo(1_000);
        assertThat(all.getValueAtPercentile(97) / (double) MILLI).isBetween(0.99, 1.01);
        assertThat(all.getValueAtPercentile(99) / (double) MILLI).isBetween(499.0, 501.0);
    }

    @Test
    void onlyWhatWasDueInTheWindowCounts() {
        LoopMeter meter = new LoopMeter(window);
        meter.onDelivery(5, 10);
        window.begin(100);
        window.end(200);

        meter.onDelivery(99, 150);
        meter.onDelivery(100, 150);
        meter.onDelivery(199, 900);
        meter.onDelivery(200, 900);

        assertThat(meter.inWindow().getTotalCount()).isEqualTo(2);
        assertThat(meter.takeLately().getTotalCount()).isEqualTo(5);
        assertThat(meter.takeLately().getTotalCount()).isZero();
    }

    @Test
    void anImpossibleLatencyIsHeldInBounds() {
        window.begin(0);
        LoopMeter meter = new LoopMeter(window);

        meter.onDelivery(1_000, 0);
        meter.onDelivery(0, Long.MAX_VALUE);

        assertThat(meter.inWindow().getTotalCount()).isEqualTo(2);
    }
}
