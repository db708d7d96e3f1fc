package io.whimbrel.load;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;

/**
 * The report for machines. Units end the names. A histogram also comes whole, in HdrHistogram's compressed form, so that
 * those of several runs can be merged.
 */
final class ReportJson {
    static final List<Double> PERCENTILES = List.of(50.0, 90.0, 99.0, 99.9);

    private static final int FORM_VERSION = 1;
    private static final double NANOS_PER_MILLI = 1e6;
    private static final JsonFactory JSON = new JsonFactory();

    private final Report report;
    private final JsonGenerator json;

    private ReportJson(Report report, JsonGenerator json) {
        this.report = report;
        this.json = json;
    }

    static String of(Report report) {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = JSON.createGenerator(text)) {
            json.useDefaultPrettyPrinter();
            new ReportJson(report, json).write();
        } catch (IOException e) {
            throw new UncheckedIOException("writing into memory does not fail", e);
        }
        return text.append('\n').toString();
    }

    /** 99.9 and 99, without a needless .0. */
    static String plain(double number) {
        return number == Math.rint(number) ? Long.toString((long) number) : Double.toString(number);
    }

    private void write() throws IOException {
        json.writeStartObject();
        json.writeNumberField("version", FORM_VERSION);
        json.writeStringField("scenario", report.settings().scenario().word());
        json.writeBooleanField("success", report.isSuccess());
        settings();
        connects();
        traffic();
        losses();
        histogram("latency", report.latency());
        histogram("latencyBefore", report.before());
        histogram("comebacks", report.returns().comebacks());
        histogram("replays", report.returns().replays());
        processes();
        generator();
        seconds();
        texts("notes", report.notes());
        texts("failures", report.failures());
        json.writeEndObject();
    }

    private void settings() throws IOException {
        BenchSettings settings = report.settings();
        BenchSettings.Load load = settings.load();
        json.writeObjectFieldStart("settings");
        json.writeStringField("web", settings.target().web().authority());
        texts(
                "gateways",
                settings.target().gateways().stream().map(Endpoint::authority).toList());
        json.writeNumberField("connections", load.connections());
        json.writeNumberField("handshakes", load.handshakes());
        json.writeNumberField("publishers", load.publishers());
        json.writeNumberField("inFlight", load.inFlight());
        json.writeNumberField("ratePerSecond", load.rate());
        json.writeNumberField("sizeBytes", load.sizeBytes());
        json.writeNumberField("probes", load.probes());
        json.writeNumberField("stopped", load.stopped());
        json.writeNumberField("warmUpMillis", settings.times().warmUp().toMillis());
        json.writeNumberField("durationMillis", settings.times().duration().toMillis());
        json.writeNumberField("drainMillis", settings.times().drain().toMillis());
        json.writeEndObject();
    }

    private void connects() throws IOException {
        Report.Connects connects = report.connects();
        json.writeObjectFieldStart("connects");
        json.writeNumberField("asked", connects.asked());
        json.writeNumberField("opened", connects.opened());
        json.writeNumberField("seconds", connects.seconds());
        json.writeNumberField("perSecond", connects.perSecond());
        json.writeNumberField("cpuSeconds", connects.cpuSeconds());
        counts("refusals", connects.refusals());
        counts("closes", report.closes());
        json.writeEndObject();
    }

    private void traffic() throws IOException {
        Report.Traffic traffic = report.traffic();
        json.writeObjectFieldStart("traffic");
        json.writeNumberField("seconds", traffic.seconds());
        json.writeNumberField("published", traffic.published());
        json.writeNumberField("accepted", traffic.accepted());
        json.writeNumberField("publishedPerSecond", traffic.publishedPerSecond());
        json.writeNumberField("deliveries", traffic.deliveries());
        json.writeNumberField("deliveriesPerSecond", traffic.deliveriesPerSecond());
        json.writeNumberField("bytes", traffic.bytes());
        counts("refusals", traffic.refusals());
        json.writeEndObject();
    }

    private void losses() throws IOException {
        Losses losses = report.losses();
        json.writeObjectFieldStart("losses");
        json.writeNumberField("expected", losses.expected());
        json.writeNumberField("received", losses.received());
        json.writeNumberField("lost", losses.lost());
        json.writeNumberField("missedAway", losses.missedAway());
        json.writeNumberField("duplicates", losses.duplicates());
        json.writeNumberField("foreign", losses.foreign());
        json.writeNumberField("missing", losses.missing());
        json.writeNumberField("outOfOrder", losses.outOfOrder());
        json.writeNumberField("notRecovered", losses.notRecovered());
        json.writeNumberField("stillAway", report.returns().stillAway());
        json.writeEndObject();
    }

    private void histogram(String name, Histogram histogram) throws IOException {
        json.writeObjectFieldStart(name);
        json.writeNumberField("count", histogram.getTotalCount());
        if (histogram.getTotalCount() > 0) {
            json.writeNumberField("meanMillis", histogram.getMean() / NANOS_PER_MILLI);
            for (double percentile : PERCENTILES) {
                json.writeNumberField(
                        "p" + plain(percentile) + "Millis",
                        histogram.getValueAtPercentile(percentile) / NANOS_PER_MILLI);
            }
            json.writeNumberField("maxMillis", histogram.getMaxValue() / NANOS_PER_MILLI);
            json.writeStringField("hdr", encode(histogram));
        }
        json.writeEndObject();
    }

    private static String encode(Histogram histogram) {
        ByteBuffer bytes = ByteBuffer.allocate(histogram.getNeededByteBufferCapacity());
        int length = histogram.encodeIntoCompressedByteBuffer(bytes);
        return Base64.getEncoder().encodeToString(Arrays.copyOf(bytes.array(), length));
    }

    private void processes() throws IOException {
        json.writeArrayFieldStart("processes");
        for (ProcessUse use : report.processes()) {
            json.writeStartObject();
            json.writeStringField("name", use.name());
            json.writeBooleanField("stayed", use.stayed());
            json.writeNumberField("cpuSeconds", use.cpuSeconds());
            json.writeNumberField(
                    "deliveriesPerCpuSecond",
                    use.cpuSeconds() > 0 ? report.traffic().deliveries() / use.cpuSeconds() : 0);
            json.writeNumberField("rssBytes", use.rssBytes());
            json.writeNumberField("rssGrowthBytes", use.rssGrowthBytes());
            json.writeNumberField(
                    "rssGrowthBytesPerConnection",
                    report.connects().opened() > 0
                            ? use.rssGrowthBytes() / report.connects().opened()
                            : 0);
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private void generator() throws IOException {
        Report.Generator generator = report.generator();
        json.writeObjectFieldStart("bench");
        json.writeStringField("transport", generator.transport());
        json.writeNumberField("loops", generator.loops());
        json.writeNumberField("cpuSeconds", generator.cpuSeconds());
        json.writeNumberField("busiestLoop", generator.busiestLoop());
        json.writeEndObject();
    }

    private void seconds() throws IOException {
        json.writeArrayFieldStart("seconds");
        for (Second second : report.seconds()) {
            json.writeStartObject();
            json.writeNumberField("atSeconds", second.atSeconds());
            json.writeStringField("phase", second.phase());
            json.writeNumberField("connected", second.connected());
            json.writeNumberField("publishedPerSecond", second.publishedPerSecond());
            json.writeNumberField("deliveredPerSecond", second.deliveredPerSecond());
            json.writeNumberField("p50Millis", second.p50Nanos() / NANOS_PER_MILLI);
            json.writeNumberField("p99Millis", second.p99Nanos() / NANOS_PER_MILLI);
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private void counts(String name, Map<String, Long> counts) throws IOException {
        json.writeObjectFieldStart(name);
        for (Map.Entry<String, Long> count : counts.entrySet()) {
            json.writeNumberField(count.getKey(), count.getValue());
        }
        json.writeEndObject();
    }

    private void texts(String name, List<String> texts) throws IOException {
        json.writeArrayFieldStart(name);
        for (String text : texts) {
            json.writeString(text);
        }
        json.writeEndArray();
    }
}
