package io.whimbrel.load;

import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;

/**
 * What was measured.
 *
 * @param latency from when a message was due to when it was read, of messages due in the measured time
 * @param before the same before the {@link Scenario#trouble}; empty where there is none
 * @param closes connections that ended, by close code or cause
 * @param notes what a reader must know to judge the figures
 * @param failures why this run is no success; empty where it is one
 */
public record Report(
        BenchSettings settings,
        Connects connects,
        Traffic traffic,
        Losses losses,
        Histogram latency,
        Histogram before,
        Returns returns,
        Map<String, Long> closes,
        List<Second> seconds,
        List<ProcessUse> processes,
        Generator generator,
        List<String> notes,
        List<String> failures) {

    /**
     * @param refusals connections that never opened, by reason
     * @param cpuSeconds what the watched processes used for them
     */
    record Connects(int asked, int opened, double seconds, Map<String, Long> refusals, double cpuSeconds) {
        double perSecond() {
            return seconds > 0 ? opened / seconds : 0;
        }
    }

    /**
     * In the measured time; all 0 where nothing is published.
     *
     * @param refusals publications that were not accepted, by reason, warm-up included
     */
    record Traffic(
            double seconds, long published, long accepted, long deliveries, long bytes, Map<String, Long> refusals) {
        static final Traffic NONE = new Traffic(0, 0, 0, 0, 0, Map.of());

        double publishedPerSecond() {
            return seconds > 0 ? published / seconds : 0;
        }

        double deliveriesPerSecond() {
            return seconds > 0 ? deliveries / seconds : 0;
        }
    }

    /**
     * How clients came back that had lost their connection.
     *
     * @param stillAway were not back in the end
     * @param comebacks from when a client wanted to be connected again to when it was
     * @param replays from when it was connected again to when it had the last of what it had missed, where that was anything
     */
    record Returns(int stillAway, Histogram comebacks, Histogram replays) {}

    /**
     * What the bench itself used in the measured time.
     *
     * @param cpuSeconds of the whole process
     * @param busiestLoop the share of the time its busiest event loop was on a CPU, 0 to 1
     */
    record Generator(String transport, int loops, double cpuSeconds, double busiestLoop) {
        static final double BOTTLENECK = 0.9;
    }

    /** CPU-seconds of all watched processes. */
    double processCpuSeconds() {
        return processes.stream().mapToDouble(ProcessUse::cpuSeconds).sum();
    }

    boolean isSuccess() {
        return failures.isEmpty();
    }

    /** 0, or 1 where the run is no success. */
    public int exitCode() {
        return isSuccess() ? 0 : 1;
    }

    /** A table for people. */
    public String text() {
        return ReportTable.of(this);
    }

    /** For machines: one JSON object. */
    public String json() {
        return ReportJson.of(this);
    }

    /** One page that needs nothing else. */
    public String html() {
        return ReportHtml.of(this);
    }
}
