package io.whimbrel.load;

import java.util.List;
import java.util.Map;

/** The report for a terminal. */
final class ReportTable {
    private static final int INDENT = 2;

    private ReportTable() {}

    static String of(Report report) {
        StringBuilder out = new StringBuilder();
        out.append("whimbrel bench ")
                .append(report.settings().scenario().word())
                .append('\n');
        Map<String, List<ReportRows.Row>> sections = ReportRows.of(report);
        int width = sections.values().stream()
                .flatMap(List::stream)
                .mapToInt(row -> row.name().length())
                .max()
                .orElse(0);
        sections.forEach((title, rows) -> {
            out.append('\n').append(title).append('\n');
            for (ReportRows.Row row : rows) {
                out.append(" ".repeat(INDENT))
                        .append(row.name())
                        .append(" ".repeat(width - row.name().length() + INDENT))
                        .append(row.value())
                        .append('\n');
            }
        });
        report.notes().forEach(note -> out.append("\nNote: ").append(note).append(".\n"));
        report.failures()
                .forEach(failure -> out.append("\nFAILED: ").append(failure).append(".\n"));
        return out.toString();
    }
}
