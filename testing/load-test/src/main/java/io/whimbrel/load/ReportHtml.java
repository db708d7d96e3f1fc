package io.whimbrel.load;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import org.HdrHistogram.Histogram;

/** The report as one page: words, tables and charts, light or dark as its reader likes it, without anything from elsewhere. */
final class ReportHtml {
    private static final String STYLE = """
        :root { color-scheme: light dark; --ink: #1c2430; --soft: #667085; --paper: #ffffff; --card: #f6f7f9;
          --rule: #dfe3e8; --first: #1769aa; --second: #c2571a; --bad: #b42318; }
        @media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --soft: #98a2b3; --paper: #14181f;
          --card: #1c222c; --rule: #333c4a; --first: #6cb6ff; --second: #f0a060; --bad: #ff8a80; } }
        * { box-sizing: border-box; }
        body { margin: 0 auto; max-width: 72rem; padding: 2rem 1rem 4rem; background: var(--paper); color: var(--ink);
          font: 1rem/1.5 system-ui, sans-serif; }
        h1 { font-size: 1.6rem; margin: 0; }
        h2 { font-size: 1rem; margin: 0 0 .5rem; }
        p { margin: .25rem 0 1rem; color: var(--soft); }
        p.note { color: var(--ink); border-left: 4px solid var(--second); padding: .25rem .75rem; }
        p.bad { color: var(--bad); border-left: 4px solid var(--bad); padding: .25rem .75rem; font-weight: 600; }
        .sections { display: grid; grid-template-columns: repeat(auto-fill, minmax(20rem, 1fr)); gap: 1rem; }
        section, figure { background: var(--card); border: 1px solid var(--rule); border-radius: .5rem; padding: 1rem;
          margin: 0; }
        figure { margin-bottom: 1rem; }
        figcaption { font-weight: 600; margin-bottom: .5rem; }
        table { width: 100%; border-collapse: collapse; }
        th, td { padding: .2rem 0; text-align: left; font-weight: 400; vertical-align: top; }
        th { color: var(--soft); padding-right: 1rem; }
        td { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
        svg { width: 100%; height: auto; display: block; }
        svg text { fill: var(--soft); font: 12px system-ui, sans-serif; }
        svg .left { text-anchor: end; } svg .below { text-anchor: middle; }
        .grid { stroke: var(--rule); fill: none; }
        .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
        .second { stroke-dasharray: 6 4; }
              .first { stroke: var(--first); } .second { stroke: var(--second); }

        """;

    /** How far the chart of percentiles goes: 1 - 10^-5. */
    private static final int NINES = 5;

    private static final int POINTS = 200;
    private static final int TIME_MARKS = 10;

    private ReportHtml() {}

    static String of(Report report) {
        BenchSettings settings = report.settings();
        StringBuilder out = new StringBuilder();
        String title = "whimbrel bench " + settings.scenario().word();
        out.append("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">")
                .append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")
                .append("<title>%s</title>\n<style>\n%s</style></head>\n<body>\n<h1>%1$s</h1>\n"
                        .formatted(title, STYLE))
                .append("<p>%s</p>\n".formatted(Html.escape(summary(settings))));
        report.failures().forEach(failure -> out.append("<p class=\"bad\">%s.</p>\n".formatted(Html.escape(failure))));
        report.notes().forEach(note -> out.append("<p class=\"note\">%s.</p>\n".formatted(Html.escape(note))));
        charts(report, out);
        out.append("<div class=\"sections\">\n");
        ReportRows.of(report).forEach((name, rows) -> {
            out.append("<section><h2>%s</h2><table>\n".formatted(Html.escape(name)));
            rows.forEach(row -> out.append("<tr><th scope=\"row\">%s</th><td>%s</td></tr>\n"
                    .formatted(Html.escape(row.name()), Html.escape(row.value()))));
            out.append("</table></section>\n");
        });
        return out.append("</div>\n</body></html>\n").toString();
    }

    private static String summary(BenchSettings settings) {
        BenchSettings.Load load = settings.load();
        String pace = load.rate() > 0
                ? Texts.number(load.rate()) + " publications a second"
                : load.inFlight() + " publications under way";
        String traffic = settings.scenario() == Scenario.CONNECT
                ? ""
                : ", %s of %s bytes, %d publishers".formatted(pace, Texts.number(load.sizeBytes()), load.publishers());
        String measured = settings.scenario() == Scenario.STORM
                ? "until all were connected"
                : settings.times().duration().toSeconds() + " s";
        return "%s connections to %s%s; warm-up %d s, measured %s"
                .formatted(
                        Texts.number(load.connections()),
                        String.join(
                                ", ",
                                settings.target().gateways().stream()
                                        .map(Endpoint::authority)
                                        .toList()),
                        traffic,
                        settings.times().warmUp().toSeconds(),
                        measured);
    }

    private static void charts(Report report, StringBuilder out) {
        if (report.latency().getTotalCount() > 0) {
            String beforeWhat =
                    " (dashed: before " + report.settings().scenario().trouble() + ")";
            String title = "Latency by percentile" + (report.before().getTotalCount() > 0 ? beforeWhat : "");
            out.append(percentiles(title, report.latency(), report.before()));
        }
        alone("Time to be connected again, by percentile", report.returns().comebacks(), out);
        alone("Replay of what was missed, by percentile", report.returns().replays(), out);
        if (!report.seconds().isEmpty()) {
            if (report.traffic().seconds() > 0) {
                out.append(series("Deliveries per second", report.seconds(), Second::deliveredPerSecond));
            }
            out.append(series("Connected clients", report.seconds(), Second::connected));
        }
    }

    private static void alone(String title, Histogram histogram, StringBuilder out) {
        if (histogram.getTotalCount() > 0) {
            out.append(percentiles(title, histogram, LoopMeter.histogram()));
        }
    }

    /** Each nine has the same width, so that the tail can be seen. */
    private static String percentiles(String title, Histogram main, Histogram before) {
        double lowest = (double) Math.max(1_000, main.getValueAtPercentile(0));
        double highest = (double) Math.max(main.getMaxValue(), before.getMaxValue());
        if (before.getTotalCount() > 0) {
            lowest = Math.min(lowest, (double) Math.max(1_000, before.getValueAtPercentile(0)));
        }
        Chart chart = Chart.logarithmic(title, "percentile", lowest, highest, Texts::shortMillis);
        for (String percentile : List.of("0", "50", "90", "99", "99.9", "99.99", "99.999")) {
            chart.mark(-Math.log10(1 - Double.parseDouble(percentile) / 100) / NINES, percentile);
        }
        chart.line("first", points(main));
        if (before.getTotalCount() > 0) {
            chart.line("second", points(before));
        }
        return chart.svg();
    }

    /** Up to the last nine that the number of values can tell. */
    private static List<Chart.Point> points(Histogram histogram) {
        List<Chart.Point> points = new ArrayList<>();
        double known = Math.log10((double) Math.max(10, histogram.getTotalCount()));
        for (int i = 0; i <= POINTS; i++) {
            double nines = (double) NINES * i / POINTS;
            if (nines > known) {
                break;
            }
            double percentile = 100 * (1 - Math.pow(10, -nines));
            points.add(new Chart.Point((double) i / POINTS, (double) histogram.getValueAtPercentile(percentile)));
        }
        return points;
    }

    private static String series(String title, List<Second> seconds, ToDoubleFunction<Second> value) {
        double length = seconds.getLast().atSeconds();
        double highest = seconds.stream().mapToDouble(value).max().orElse(0);
        Chart chart = Chart.linear(title, "seconds; " + phases(seconds), highest, Texts::number);
        double step = Math.max(1, Math.ceil(length / TIME_MARKS));
        for (double at = 0; at <= length; at += step) {
            chart.mark(at / length, String.format(Locale.ROOT, "%.0f", at));
        }
        return chart.line(
                        "first",
                        seconds.stream()
                                .map(second ->
                                        new Chart.Point(second.atSeconds() / length, value.applyAsDouble(second)))
                                .toList())
                .svg();
    }

    /** "connect to 2, warm-up to 5, measure to 15". */
    private static String phases(List<Second> seconds) {
        List<String> phases = new ArrayList<>();
        for (int i = 0; i < seconds.size(); i++) {
            boolean isLast = i + 1 == seconds.size()
                    || !seconds.get(i + 1).phase().equals(seconds.get(i).phase());
            if (isLast) {
                phases.add(String.format(
                        Locale.ROOT,
                        "%s to %.0f",
                        seconds.get(i).phase(),
                        seconds.get(i).atSeconds()));
            }
        }
        return String.join(", ", phases);
    }
}
