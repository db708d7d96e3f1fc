package io.whimbrel.load;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** All counters at one moment; two of them make a window. */
record Snapshot(
        long nanos,
        int opened,
        long delivered,
        long bytes,
        long sent,
        long accepted,
        Map<String, ProcessSample> processes,
        List<Long> loopCpuNanos,
        double ownCpuSeconds) {

    static Snapshot of(BenchSettings settings, Wire wire, Crowd crowd, long sent, long accepted) {
        Map<String, ProcessSample> processes = new LinkedHashMap<>();
        settings.processes().forEach(process -> processes.put(process.name(), ProcessSample.of(process)));
        return new Snapshot(
                Clock.nanos(),
                crowd.opened(),
                crowd.delivered(),
                crowd.bytes(),
                sent,
                accepted,
                processes,
                wire.loops().cpuNanos(),
                measureOwnCpu());
    }

    private static double measureOwnCpu() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean bean
                ? Clock.seconds(bean.getProcessCpuTime())
                : 0;
    }

    double secondsSince(Snapshot before) {
        return Clock.seconds(nanos - before.nanos);
    }

    /** The share of the time in which the busiest of our event loops was on a CPU. */
    double busiestLoopSince(Snapshot before) {
        double busiest = 0;
        for (int i = 0; i < loopCpuNanos.size(); i++) {
            long used = loopCpuNanos.get(i) - (i < before.loopCpuNanos.size() ? before.loopCpuNanos.get(i) : 0);
            busiest = Math.max(busiest, (double) used / Math.max(1, nanos - before.nanos));
        }
        return busiest;
    }

    List<ProcessUse> processesSince(Snapshot before, Snapshot idle) {
        List<ProcessUse> uses = new ArrayList<>();
        processes.forEach((name, now) -> {
            ProcessSample then = before.processes.getOrDefault(name, ProcessSample.NONE);
            ProcessSample first = idle.processes.getOrDefault(name, ProcessSample.NONE);
            boolean stayed = now.rssBytes() > 0 && now.cpuSeconds() >= then.cpuSeconds();
            uses.add(new ProcessUse(
                    name,
                    stayed,
                    stayed ? now.cpuSeconds() - then.cpuSeconds() : 0,
                    now.rssBytes(),
                    stayed ? now.rssBytes() - first.rssBytes() : 0));
        });
        return uses;
    }
}
