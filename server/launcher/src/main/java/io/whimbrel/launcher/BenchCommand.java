package io.whimbrel.launcher;

import io.whimbrel.load.Bench;
import io.whimbrel.load.BenchSettings;
import io.whimbrel.load.Endpoint;
import io.whimbrel.load.Report;
import io.whimbrel.load.Scenario;
import io.whimbrel.load.WatchedProcess;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Reads what is to be measured, lets {@link Bench} measure it, shows the result. */
@Command(
        name = "bench",
        description = "Measures a Whimbrel that runs: connect, fanout, unicast, storm, slow, jitter or deploy.",
        sortOptions = false,
        footer = "%nExit codes: 0 measured, 1 not measured, a message lost or recovery too slow, 2 called wrongly."
                + " More in docs/operating.md, \"Measuring\".")
final class BenchCommand implements Callable<Integer> {
    private static final String STANDARD_OUTPUT = "-";

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this.")
    boolean help;

    @Parameters(
            paramLabel = "SCENARIO",
            description = {
                "connect: only hold connections",
                "fanout: all of one address, each publication goes to all",
                "unicast: each its own address, a publication goes to one",
                "storm: connect as fast as they come, beside quick sessions",
                "slow: as fanout, beside connections that read nothing",
                "jitter: cut every client now and then, and see it get what it missed",
                "deploy: restart gateways under load, and see that too"
            })
    String scenario = "";

    @Option(
            names = "--web",
            paramLabel = "<url>",
            defaultValue = "http://localhost:5000",
            description = "The web server. Default: ${DEFAULT-VALUE}")
    String web = "";

    @Option(
            names = "--gateway",
            paramLabel = "<urls>",
            defaultValue = "ws://localhost:7071/ws",
            description = "Gateways, with commas; connections take them in turn. Default: ${DEFAULT-VALUE}")
    String gateway = "";

    @Option(names = "--connections", paramLabel = "<n>", defaultValue = "1000", description = "Default: 1000")
    int connections;

    @Option(
            names = "--handshakes",
            paramLabel = "<n>",
            defaultValue = "256",
            description = "Connections that are being opened at the same time. Default: 256")
    int handshakes;

    @Option(
            names = "--publishers",
            paramLabel = "<n>",
            defaultValue = "64",
            description = "Keep-alive connections to the web server. Default: 64")
    int publishers;

    @Option(
            names = "--rate",
            paramLabel = "<n>",
            description = "Publications a second; 0: as fast as --in-flight allows. Default: 0; storm 100; slow 50;"
                    + " jitter and deploy 1000")
    @Nullable
    Double rate;

    @Option(
            names = "--in-flight",
            paramLabel = "<n>",
            description = "Publications not yet delivered, where there is no rate. Default: 256; fanout and slow 40")
    @Nullable
    Integer inFlight;

    @Option(
            names = "--size",
            paramLabel = "<bytes>",
            defaultValue = "128",
            description = "Of `message`, quotes included. Default: 128")
    int sizeBytes;

    @Option(
            names = "--warm-up",
            paramLabel = "<time>",
            defaultValue = "5s",
            converter = TimeConverter.class,
            description = "Not measured. Default: 5s")
    Duration warmUp = Duration.ZERO;

    @Option(
            names = "--duration",
            paramLabel = "<time>",
            defaultValue = "10s",
            converter = TimeConverter.class,
            description = "Measured. Default: 10s")
    Duration duration = Duration.ZERO;

    @Option(
            names = "--drain",
            paramLabel = "<time>",
            defaultValue = "5s",
            converter = TimeConverter.class,
            description = "What is under way at the end may take so long. Default: 5s")
    Duration drain = Duration.ZERO;

    @Option(
            names = "--tokens",
            paramLabel = "<file>",
            description = "One token a line. Default: the web server's GET /token")
    @Nullable
    Path tokens;

    @Option(
            names = "--api-key-file",
            paramLabel = "<file>",
            description = "Holds a key of web.api-keys to publish with, without a rate limit. Default: tokens publish")
    @Nullable
    Path apiKeyFile;

    @Option(
            names = "--topic",
            paramLabel = "<name>",
            defaultValue = "",
            description =
                    "fanout, slow: publish to this topic, which --tokens name, with --api-key-file. Default: to an"
                            + " address")
    String topic = "";

    @Option(
            names = "--trust",
            paramLabel = "<file>",
            description = "PEM certificates to trust with https:// and wss://. Default: those of the JDK")
    @Nullable
    Path trust;

    @Option(
            names = "--source-addresses",
            paramLabel = "<list>",
            defaultValue = "",
            description = "Local addresses to connect from in turn, for more than about 28,000 connections")
    String sourceAddresses = "";

    @Option(names = "--loops", paramLabel = "<n>", description = "Threads of the bench. Default: half of the cores")
    @Nullable
    Integer loops;

    @Option(
            names = "--pids",
            paramLabel = "<list>",
            defaultValue = "",
            description = "name:pid,... of processes whose CPU time and memory are told too")
    String pids = "";

    @Option(
            names = "--probes",
            paramLabel = "<n>",
            defaultValue = "20",
            description = "storm: quick sessions beside it. Default: 20")
    int probes;

    @Option(
            names = "--stopped",
            paramLabel = "<n>",
            defaultValue = "100",
            description = "slow: connections that read nothing. Default: 100")
    int stopped;

    @Option(
            names = "--cut-every",
            paramLabel = "<time>",
            defaultValue = "15s",
            converter = TimeConverter.class,
            description = "jitter: how long a client stays, on the average. Default: 15s")
    Duration cutEvery = Duration.ZERO;

    @Option(
            names = "--away",
            paramLabel = "<time>",
            defaultValue = "2s",
            converter = TimeConverter.class,
            description = "jitter: how long it stays away then. Default: 2s")
    Duration away = Duration.ZERO;

    @Option(
            names = "--command",
            paramLabel = "<cmd>",
            defaultValue = "",
            description = "deploy: restarts a gateway; {i} counts from 0. Default: you do it")
    String command = "";

    @Option(
            names = "--restarts",
            paramLabel = "<n>",
            defaultValue = "1",
            description = "deploy: how often the command is run. Default: 1")
    int restarts;

    @Option(names = "--json", paramLabel = "<file>", description = "The result as JSON; - is standard output")
    @Nullable
    Path json;

    @Option(names = "--html", paramLabel = "<file>", description = "The result as a page with charts")
    @Nullable
    Path html;

    @Override
    public Integer call() {
        Logging.toStandardError();
        BenchSettings settings = settings();
        Stream.of(json, html).forEach(BenchCommand::checkFolder);
        Report report = new Bench(settings, System.err).run();
        boolean jsonOnly = json != null && json.toString().equals(STANDARD_OUTPUT);
        PrintStream people = jsonOnly ? System.err : System.out;
        people.println();
        people.print(report.text());
        people.flush();
        if (jsonOnly) {
            System.out.print(report.json());
            System.out.flush();
        } else if (json != null) {
            write(json, report.json());
        }
        if (html != null) {
            write(html, report.html());
        }
        return report.exitCode();
    }

    private BenchSettings settings() {
        Scenario what = Scenario.of(scenario);
        double effectiveRate = rate == null ? what.usualRate() : rate;
        int effectiveInFlight = inFlight == null ? what.usualInFlight() : inFlight;
        int effectiveLoops = loops == null ? Math.max(1, Runtime.getRuntime().availableProcessors() / 2) : loops;
        return new BenchSettings(
                what,
                new BenchSettings.Target(
                        Endpoint.web(web),
                        Endpoint.gateways(gateway),
                        trust,
                        Stream.of(sourceAddresses.split(",", -1))
                                .map(String::strip)
                                .filter(address -> !address.isEmpty())
                                .toList(),
                        tokens,
                        apiKey(),
                        topic),
                new BenchSettings.Load(
                        connections,
                        handshakes,
                        publishers,
                        effectiveInFlight,
                        effectiveRate,
                        sizeBytes,
                        what == Scenario.STORM ? probes : 0,
                        what == Scenario.SLOW ? stopped : 0),
                new BenchSettings.Times(warmUp, duration, drain),
                new BenchSettings.Breaks(cutEvery, away, command, restarts),
                effectiveLoops,
                WatchedProcess.parse(pids));
    }

    /** From a file: a flag could be seen by every user of the machine. */
    private String apiKey() {
        if (apiKeyFile == null) {
            return "";
        }
        try {
            return Files.readString(apiKeyFile).strip();
        } catch (IOException e) {
            throw new IllegalArgumentException("--api-key-file %s cannot be read: %s".formatted(apiKeyFile, e), e);
        }
    }

    /** Before anything is measured, since the measurement would be lost. */
    private static void checkFolder(@Nullable Path file) {
        if (file == null || file.toString().equals(STANDARD_OUTPUT)) {
            return;
        }
        Path folder = file.toAbsolutePath().getParent();
        if (folder == null || !Files.isWritable(folder) || Files.isDirectory(file)) {
            throw new IllegalArgumentException("%s cannot be written".formatted(file));
        }
    }

    private static void write(Path file, String text) {
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new StartException("%s cannot be written: %s".formatted(file, e), e);
        }
    }

    /** Times as settings have them. */
    static final class TimeConverter implements ITypeConverter<Duration> {
        @Override
        public Duration convert(String text) {
            return Settings.time(text)
                    .orElseThrow(() -> new CommandLine.TypeConversionException(
                            "\"%s\" is no time such as 300ms, 8s, 10m or 24h".formatted(text)));
        }
    }
}
