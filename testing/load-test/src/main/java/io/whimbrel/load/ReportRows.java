package io.whimbrel.load;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;

/** A report as titled rows of words, which the table and the page show alike. Sections without rows are left out. */
final class ReportRows {
    private static final double PERCENT = 100;

    /** A value beside its name. */
    record Row(String name, String value) {}

    private final Report report;
    private final Map<String, List<Row>> sections = new LinkedHashMap<>();
    private List<Row> current = new ArrayList<>();

    private ReportRows(Report report) {
        this.report = report;
    }

    static Map<String, List<Row>> of(Report report) {
        ReportRows rows = new ReportRows(report);
        rows.connections();
        rows.traffic();
        rows.latency();
        rows.fate();
        rows.processes();
        rows.generator();
        rows.sections.values().removeIf(List::isEmpty);
        return rows.sections;
    }

    private void section(String title) {
        current = new ArrayList<>();
        sections.put(title, current);
    }

    private void row(String name, String value) {
        current.add(new Row(name, value));
    }

    private void connections() {
        section("Connections");
        Report.Connects connects = report.connects();
        row("asked for, opened", Texts.number(connects.asked()) + ", " + Texts.number(connects.opened()));
        row("opened per second", Texts.number(connects.perSecond()));
        if (connects.cpuSeconds() > 0 && connects.opened() > 0) {
            row("CPU per connect", Texts.millis(connects.cpuSeconds() * 1e9 / connects.opened()));
        }
        connects.refusals().forEach((why, count) -> row("refused: " + why, Texts.number(count)));
        report.closes().forEach((why, count) -> row("closed: " + why, Texts.number(count)));
    }

    private void traffic() {
        section("Traffic");
        Report.Traffic traffic = report.traffic();
        if (traffic.seconds() > 0) {
            row("measured", Texts.seconds(traffic.seconds()));
            row("published per second", Texts.number(traffic.publishedPerSecond()));
            row("deliveries per second", Texts.number(traffic.deliveriesPerSecond()));
            row("received", Texts.mebibytes(traffic.bytes() / traffic.seconds()) + "/s");
            traffic.refusals().forEach((why, count) -> row("not accepted: " + why, Texts.number(count)));
        }
    }

    private void latency() {
        percentiles("Latency, due to read", report.latency());
        percentiles("Latency before " + report.settings().scenario().trouble(), report.before());
        percentiles("Time to be connected again", report.returns().comebacks());
        percentiles(
                "Replay, from connected again to all of it there",
                report.returns().replays());
    }

    private void percentiles(String title, Histogram histogram) {
        section(title);
        if (histogram.getTotalCount() == 0) {
            return;
        }
        row("count", Texts.number(histogram.getTotalCount()));
        for (double percentile : ReportJson.PERCENTILES) {
            row("p" + ReportJson.plain(percentile), Texts.millis(histogram.getValueAtPercentile(percentile)));
        }
        row("max", Texts.millis(histogram.getMaxValue()));
    }

    private void fate() {
        section("What became of accepted publications");
        Losses losses = report.losses();
        if (report.traffic().seconds() == 0) {
            return;
        }
        if (report.settings().scenario().reconnects()) {
            row("accepted", Texts.number(losses.expected()));
            row(
                    "delivered",
                    Texts.number(losses.received()) + ", " + Texts.share(losses.received(), losses.expected()));
            row("missing, sent while connected", Texts.number(losses.lost()));
            row("missing, sent while away", Texts.number(losses.missedAway()));
            row("repeated", Texts.number(losses.duplicates()));
            row("out of order", Texts.number(losses.outOfOrder()));
            row("told recovered:false", Texts.number(losses.notRecovered()));
            row("clients not back", Texts.number(report.returns().stillAway()));
        } else {
            row("deliveries due", Texts.number(losses.expected()));
            row("received", Texts.number(losses.received()));
            row("lost while connected", Texts.number(losses.lost()));
            row("missed while away", Texts.number(losses.missedAway()));
            row("duplicates", Texts.number(losses.duplicates()));
        }
        if (losses.foreign() > 0) {
            row("not ours", Texts.number(losses.foreign()));
        }
    }

    private void processes() {
        section("Processes in the measured time");
        long deliveries = report.traffic().deliveries();
        int opened = report.connects().opened();
        for (ProcessUse use : report.processes()) {
            row(use.name() + ": CPU", use.stayed() ? Texts.seconds(use.cpuSeconds()) : "it ended meanwhile");
            if (deliveries > 0 && use.cpuSeconds() > 0) {
                row(use.name() + ": deliveries per CPU-second", Texts.number(Math.rint(deliveries / use.cpuSeconds())));
            }
            row(use.name() + ": RSS", Texts.mebibytes((double) use.rssBytes()));
            if (opened > 0 && use.stayed()) {
                row(use.name() + ": RSS growth per connection", Texts.number(use.rssGrowthBytes() / opened) + " bytes");
            }
        }
        if (report.processes().size() > 1 && deliveries > 0 && report.processCpuSeconds() > 0) {
            row("all: deliveries per CPU-second", Texts.number(Math.rint(deliveries / report.processCpuSeconds())));
        }
    }

    private void generator() {
        section("The bench itself");
        Report.Generator generator = report.generator();
        row("event loops", generator.loops() + " (" + generator.transport() + ")");
        row("busiest event loop", Texts.number(Math.rint(generator.busiestLoop() * PERCENT)) + " %");
        row("CPU", Texts.seconds(generator.cpuSeconds()));
        if (report.traffic().deliveries() > 0 && generator.cpuSeconds() > 0) {
            row(
                    "deliveries read per CPU-second",
                    Texts.number(Math.rint(report.traffic().deliveries() / generator.cpuSeconds())));
        }
    }
}
