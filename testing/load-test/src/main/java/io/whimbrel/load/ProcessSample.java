package io.whimbrel.load;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** What a process and its children have used so far, as /proc tells. */
record ProcessSample(double cpuSeconds, long rssBytes) {
    static final ProcessSample NONE = new ProcessSample(0, 0);

    /** USER_HZ, which is 100 on every Linux, whatever the kernel's own tick. */
    private static final double TICKS_PER_SECOND = 100;

    /** Of the fields after the name, which is in brackets and may hold spaces. */
    private static final int USER_TICKS = 11;

    private static final int SYSTEM_TICKS = 12;

    /** {@link #NONE} where the process is gone. */
    static ProcessSample of(WatchedProcess process) {
        return ProcessHandle.of(process.pid())
                .map(handle -> Stream.concat(Stream.of(handle), handle.descendants())
                        .map(one -> read(one.pid()))
                        .reduce(NONE, ProcessSample::plus))
                .orElse(NONE);
    }

    private ProcessSample plus(ProcessSample other) {
        return new ProcessSample(cpuSeconds + other.cpuSeconds, rssBytes + other.rssBytes);
    }

    private static ProcessSample read(long pid) {
        Path folder = Path.of("/proc", Long.toString(pid));
        try {
            String stat = Files.readString(folder.resolve("stat"));
            long rssKilobytes = Files.readAllLines(folder.resolve("status")).stream()
                    .filter(line -> line.startsWith("VmRSS:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                    .findFirst()
                    .orElse(0);
            return new ProcessSample(cpuSeconds(stat), rssKilobytes * 1024);
        } catch (IOException _) {
            return NONE; // it ended just now
        }
    }

    static double cpuSeconds(String stat) {
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return (Long.parseLong(fields[USER_TICKS]) + Long.parseLong(fields[SYSTEM_TICKS])) / TICKS_PER_SECOND;
    }
}
