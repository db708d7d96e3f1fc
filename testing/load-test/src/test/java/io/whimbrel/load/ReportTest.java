package io.whimbrel.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

/** One result in its three forms. */
class ReportTest {
    private static final Report.Returns NO_RETURNS =
            new Report.Returns(0, LoopMeter.histogram(), LoopMeter.histogram());

    private final Histogram latency = LoopMeter.histogram();

    @Test
    void theTableTellsWhatWasMeasured() {
        latency.recordValue(2_000_000);

        String text = report(0, 0.5).text();

        assertThat(text)
                .contains("whimbrel bench fanout", "deliveries per second")
                .containsPattern("p99 +2\\.0\\d\\d ms")
                .containsPattern("closed: 3008 +1\n")
                .doesNotContain("FAILED", "Note:");
    }

    @Test
    void aLostMessageMakesTheRunAFailure() {
        Report report = report(3, 0.5);

        assertThat(report.exitCode()).isEqualTo(1);
        assertThat(report.text()).contains("FAILED: 3 deliveries were accepted and did not reach a connected client");
        assertThat(report.json()).contains("\"success\" : false");
    }

    @Test
    void aBusyBenchSaysThatItIsTheBottleneck() {
        Report report = report(0, 0.97);

        assertThat(report.exitCode()).isZero();
        assertThat(report.text())
                .contains("The bench itself was the bottleneck: its busiest event loop was on a CPU 97 %");
    }

    @Test
    void manyConnectionsFromOneAddressAreSaidToOpenSlowly() {
        Report.Generator generator = new Report.Generator("epoll", 1, 1, 0);
        Pace pace = new Pace(0, 40, () -> 0);

        List<String> oneAddress = new Judgement(
                        BenchSettingsTest.settings(18_000, 1),
                        Report.Traffic.NONE,
                        Losses.NONE,
                        NO_RETURNS,
                        generator,
                        pace,
                        List.of())
                .notes();
        List<String> twoAddresses = new Judgement(
                        BenchSettingsTest.settings(18_000, 2),
                        Report.Traffic.NONE,
                        Losses.NONE,
                        NO_RETURNS,
                        generator,
                        pace,
                        List.of())
                .notes();

        assertThat(oneAddress).singleElement().asString().contains("name more --source-addresses");
        assertThat(twoAddresses).isEmpty();
    }

    @Test
    void theHistogramInTheJsonCanBeReadBack() throws Exception {
        for (int i = 1; i <= 1_000; i++) {
            latency.recordValue(i * 10_000L);
        }

        Matcher hdr =
                Pattern.compile("\"hdr\" : \"([^\"]+)\"").matcher(report(0, 0).json());

        assertThat(hdr.find()).isTrue();
        Histogram read = Histogram.decodeFromCompressedByteBuffer(
                ByteBuffer.wrap(Base64.getDecoder().decode(hdr.group(1))), 0);
        assertThat(read).isEqualTo(latency);
    }

    @Test
    void thePageNeedsNothingElseAndShowsTextAsText() {
        latency.recordValue(2_000_000);

        String page = report(0, 0).html();

        assertThat(page)
                .contains("<svg", "Latency by percentile", "prefers-color-scheme: dark", "&lt;gateway&gt;")
                .doesNotContain("<gateway>", "http://", "https://", "<script", "NaN", "Infinity");
    }

    private Report report(long lost, double busiestLoop) {
        BenchSettings settings = BenchSettingsTest.settings(10, 1);
        Report.Traffic traffic = new Report.Traffic(2, 100, 100, 1_000, 200_000, Map.of());
        Losses losses = new Losses(1_000, 1_000 - lost, lost, 0, 0, 0, 0, 0);
        Report.Generator generator = new Report.Generator("epoll", 1, 1, busiestLoop);
        List<ProcessUse> processes = List.of(new ProcessUse("<gateway>", true, 0.5, 1 << 20, 1 << 10));
        Pace pace = new Pace(0, 40, () -> 0);
        Judgement judgement = new Judgement(settings, traffic, losses, NO_RETURNS, generator, pace, processes);
        return new Report(
                settings,
                new Report.Connects(10, 10, 1, Map.of(), 0.1),
                traffic,
                losses,
                latency,
                LoopMeter.histogram(),
                NO_RETURNS,
                Map.of("3008", 1L),
                List.of(new Second(1, "warm-up", 10, 50, 500, 1, 2), new Second(2, "measure", 10, 50, 500, 1, 2)),
                processes,
                generator,
                judgement.notes(),
                judgement.failures());
    }
}
