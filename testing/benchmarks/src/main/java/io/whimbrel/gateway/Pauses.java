package io.whimbrel.gateway;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import jdk.jfr.consumer.RecordingStream;

/** How long the collector stopped all threads, to the nanosecond, whatever its name: the JVM's own flight recorder tells. */
final class Pauses implements AutoCloseable {
    private final List<Duration> pauses = Collections.synchronizedList(new ArrayList<>());
    private final RecordingStream recording = new RecordingStream();

    Pauses() {
        recording.enable("jdk.GCPhasePause").withoutThreshold().withoutStackTrace();
        recording.onEvent("jdk.GCPhasePause", event -> pauses.add(event.getDuration()));
        recording.startAsync();
    }

    /** Ends the recording; what was recorded can be read then. */
    void stop() {
        recording.stop();
    }

    @Override
    public void close() {
        recording.close();
    }

    int count() {
        return pauses.size();
    }

    double sumMillis() {
        return pauses.stream().mapToDouble(Pauses::millis).sum();
    }

    double longestMillis() {
        return pauses.stream().mapToDouble(Pauses::millis).max().orElse(0);
    }

    private static double millis(Duration duration) {
        return duration.toNanos() / 1e6;
    }
}
