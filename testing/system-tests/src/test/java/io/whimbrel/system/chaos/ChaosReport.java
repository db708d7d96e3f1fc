package io.whimbrel.system.chaos;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** What is told of a run, to people and to programs. */
record ChaosReport(String deployment, long seed, long seconds, Findings findings) {
    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
    private static final int MOST_VIOLATIONS_SHOWN = 20;

    String text() {
        StringBuilder text = new StringBuilder(
                "chaos: %s, seed %d, %d faults in %d s%n".formatted(deployment, seed, findings.faults(), seconds));
        fields().forEach((name, value) -> text.append("  %-24s %s%n".formatted(name.replace('_', ' '), value)));
        text.append("  %-24s %s%n"
                .formatted(
                        "faults by kind",
                        new TreeMap<>(findings.faultsByKind())
                                .entrySet().stream()
                                        .map(kind -> kind.getKey() + " " + kind.getValue())
                                        .collect(Collectors.joining(", "))));
        findings.violations().stream()
                .collect(Collectors.groupingBy(Violation::rule, TreeMap::new, Collectors.counting()))
                .forEach((rule, count) -> text.append("  VIOLATED: %s, %d times%n".formatted(rule, count)));
        findings.violations().stream()
                .limit(MOST_VIOLATIONS_SHOWN)
                .forEach(violation -> text.append("    %s%n".formatted(violation)));
        return text.toString();
    }

    private Map<String, Object> fields() {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("accepted", findings.accepted());
        fields.put("delivered", findings.delivered());
        fields.put("lost", findings.lost());
        fields.put("lost_and_told", findings.lostAndTold());
        fields.put("expired", findings.expired());
        fields.put("duplicated", findings.duplicated());
        fields.put("shown_before_accepted", findings.shownBeforeAccepted());
        fields.put("announced", findings.announcements());
        fields.put("announced_without_loss", findings.announcedWithoutLoss());
        fields.put("never_accepted", findings.neverAccepted());
        fields.put("publishing_repeated", findings.retries());
        fields.put("dropped_by_clients", findings.repeated());
        fields.put("receipts", findings.receipts());
        fields.put("receipts_untold", findings.receiptsUntold());
        fields.put("connections", findings.connections());
        fields.put("stalls", findings.stalls());
        fields.put("readiness_judged", Math.round(1000 * findings.readinessJudged()) / 1000.0);
        fields.put("faults_of_redis", findings.redisFaults());
        fields.put("promotions", findings.promotions());
        fields.put("slots_moved", findings.slotMoves());
        fields.put("faults_that_stopped", findings.recoveryMillis().size());
        fields.put("recovered_p50_ms", findings.recoveryPercentile(0.50));
        fields.put("recovered_p99_ms", findings.recoveryPercentile(0.99));
        return fields;
    }

    String json() throws IOException {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("deployment", deployment);
        all.put("seed", seed);
        all.put("seconds", seconds);
        all.put("faults", findings.faults());
        all.putAll(fields());
        all.put("faults_by_kind", new TreeMap<>(findings.faultsByKind()));
        all.put(
                "violations",
                findings.violations().stream().map(Violation::toString).toList());
        return JSON.writeValueAsString(all);
    }

    /** Answers where. */
    Path write(Path folder) throws IOException {
        Path file = Files.createDirectories(folder).resolve("%s-%d.json".formatted(deployment, seed));
        return Files.writeString(file, json());
    }
}
