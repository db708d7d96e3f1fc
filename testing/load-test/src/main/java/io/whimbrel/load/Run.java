package io.whimbrel.load;

import io.netty.util.AsciiString;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/** One run: what happens in which order in each scenario. Used once, on the main thread. */
final class Run {
    private static final long FOREVER = Long.MAX_VALUE;

    /** So long without one more client that knows where it stands is too long. */
    private static final long PLACING_NANOS = TimeUnit.SECONDS.toNanos(10);

    /** For what comes once more than it should. */
    private static final long AFTERWARDS_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final BenchSettings settings;
    private final BenchSettings.Load load;
    private final Scenario scenario;
    private final Wire wire;
    private final PrintStream progress;
    private final Window window = new Window();
    private final Crowd crowd;
    /** Clients that read nothing, of whom nothing is expected. */
    private final Crowd stopped;

    private final Pace pace;
    private final Pulse pulse;
    private final List<String> failures = new ArrayList<>();

    private @Nullable Publisher publisher;
    private Histogram before = LoopMeter.histogram();
    private Snapshot idle;
    private Snapshot start;
    private Snapshot end;
    private double connectSeconds;
    private double connectCpuSeconds;
    private int stillAway;

    Run(BenchSettings settings, Wire wire, PrintStream progress) {
        this.settings = settings;
        this.load = settings.load();
        this.scenario = settings.scenario();
        this.wire = wire;
        this.progress = progress;
        crowd = new Crowd(wire, window);
        stopped = new Crowd(wire, window);
        pace = new Pace(load.rate(), load.inFlight(), crowd::delivered);
        idle = snapshot();
        start = idle;
        end = idle;
        pulse = new Pulse(progress, crowd, this::snapshot);
    }

    private Snapshot snapshot() {
        Publisher current = publisher;
        return Snapshot.of(
                settings, wire, crowd, current == null ? 0 : current.sent(), current == null ? 0 : current.accepted());
    }

    Report measure() {
        switch (scenario) {
            case CONNECT -> hold();
            case FANOUT, UNICAST -> exchange();
            case JITTER -> jitter();
            case DEPLOY -> deploy();
            case STORM -> storm();
            case SLOW -> slow();
        }
        return report();
    }

    private void hold() {
        recipients(load.connections()).forEach(recipient -> crowd.add(recipient, false, () -> {}));
        connect(crowd.clients());
        start = snapshot();
        pulse.until(Clock.nanos() + settings.times().duration().toNanos(), "hold");
        end = snapshot();
    }

    private void exchange() {
        gather();
        publish();
        long ends = warmUp() + settings.times().duration().toNanos();
        window.end(ends);
        start = snapshot();
        pulse.until(ends, "measure");
        end = snapshot();
        drain(false);
    }

    private void jitter() {
        gather();
        publish();
        place();
        Jitter jitter = new Jitter(settings.breaks());
        long ends = warmUp() + settings.times().duration().toNanos();
        window.end(ends);
        start = snapshot();
        jitter.start(crowd.clients());
        pulse.until(ends, "measure");
        end = snapshot();
        jitter.stop();
        reunite(settings.breaks().away());
    }

    private void deploy() {
        gather();
        publish();
        place();
        long ends = warmUp() + settings.times().duration().toNanos();
        start = snapshot();
        if (settings.breaks().command().isEmpty()) {
            pulse.until(ends, "measure");
        } else {
            try (Restarts restarts = new Restarts(settings.breaks(), this::areAllHere, progress)) {
                pulse.until(restarts::areDone, FOREVER, "measure");
                pulse.until(ends, "measure");
                failures.addAll(restarts.failures());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new BenchException("interrupted", e);
            }
        }
        window.end(Clock.nanos());
        end = snapshot();
        reunite(Duration.ZERO);
    }

    private void storm() {
        List<Recipient> all = recipients(load.probes() + load.connections());
        List<Recipient> quick = all.subList(0, load.probes());
        all.forEach(recipient -> crowd.add(recipient, false, this::onProgress));
        List<Client> clients = crowd.clients();
        if (!quick.isEmpty()) {
            connect(clients.subList(0, quick.size()));
            publisher = newPublisher(quick, tokens(quick), 1);
            publisher.start();
            long halfWarmUp = settings.times().warmUp().toNanos() / 2;
            pulse.until(Clock.nanos() + halfWarmUp, "warm-up");
            pulse.takeCollected();
            pulse.until(Clock.nanos() + halfWarmUp, "quiet");
            before = pulse.takeCollected();
        }
        window.begin(Clock.nanos());
        start = snapshot();
        connect(clients.subList(quick.size(), clients.size()));
        window.end(Clock.nanos());
        end = snapshot();
        drain(true);
    }

    private void slow() {
        Recipient shared = gather().getFirst();
        publish();
        pulse.until(Clock.nanos() + settings.times().warmUp().toNanos(), "warm-up");
        pulse.takeCollected();
        pulse.until(Clock.nanos() + settings.times().duration().toNanos(), "quiet");
        before = pulse.takeCollected();
        for (int i = 0; i < load.stopped(); i++) {
            stopped.addStopped(shared);
        }
        CountDownLatch open = stopped.connect(stopped.clients(), load.handshakes());
        pulse.until(() -> open.getCount() == 0, FOREVER, "stop");
        window.begin(Clock.nanos());
        start = snapshot();
        pulse.until(Clock.nanos() + settings.times().duration().toNanos(), "measure");
        window.end(Clock.nanos());
        end = snapshot();
        drain(false);
    }

    /** The clients of a scenario that publishes, connected; answers whom it publishes to. */
    private List<Recipient> gather() {
        boolean oneAddress = scenario.hasOneAddress();
        List<Recipient> recipients = recipients(oneAddress ? 1 : load.connections());
        for (int i = 0; i < load.connections(); i++) {
            Recipient recipient = recipients.get(oneAddress ? 0 : i);
            crowd.add(recipient, scenario.reconnects(), this::onProgress);
        }
        connect(crowd.clients());
        if (crowd.connected() == 0) {
            throw new BenchException("No client could connect: " + crowd.refusals() + crowd.closes());
        }
        publisher = oneAddress
                ? newPublisher(recipients, byKey() ? List.of() : tokens(recipients(load.publishers())), 0)
                : newPublisher(recipients, tokens(recipients), 1);
        return recipients;
    }

    private List<Recipient> recipients(int count) {
        progress.printf("        getting %s tokens%n", Texts.number(count));
        List<Identity> identities = settings.target().tokens() == null
                ? TokenOffice.issue(wire, count, load.publishers())
                : TokenOffice.read(wire, settings.target().tokens(), count, load.publishers());
        return identities.stream().map(Recipient::new).toList();
    }

    private static List<AsciiString> tokens(List<Recipient> of) {
        return of.stream().map(recipient -> recipient.identity().token()).toList();
    }

    /** @param reached how many connections a publication reaches; 0: all that there are */
    private Publisher newPublisher(List<Recipient> recipients, List<AsciiString> tokens, int reached) {
        return new Publisher(
                wire,
                settings,
                pace,
                recipients,
                byKey() ? List.of() : tokens,
                reached > 0 ? () -> reached : crowd::connected);
    }

    private boolean byKey() {
        return !settings.target().apiKey().isEmpty();
    }

    private void onProgress() {
        Publisher current = publisher;
        if (current != null) {
            current.onProgress();
        }
    }

    private void connect(List<Client> clients) {
        Snapshot before = snapshot();
        CountDownLatch open = crowd.connect(clients, load.handshakes());
        pulse.until(() -> open.getCount() == 0, FOREVER, "connect");
        Snapshot after = snapshot();
        connectSeconds = after.secondsSince(before);
        connectCpuSeconds = after.processesSince(before, before).stream()
                .mapToDouble(ProcessUse::cpuSeconds)
                .sum();
    }

    private void publish() {
        Publisher current = publisher;
        if (current != null) {
            current.start();
        }
    }

    private boolean areAllHere() {
        return crowd.connected() >= load.connections();
    }

    /** Waits until each client was told where it stands: before, it could not ask for what it misses. */
    private void place() {
        int placed = -1;
        while (crowd.placed() > placed && placed < load.connections()) {
            placed = crowd.placed();
            pulse.until(() -> crowd.placed() >= load.connections(), Clock.nanos() + PLACING_NANOS, "placing");
        }
        if (crowd.placed() < load.connections()) {
            throw new BenchException(
                    ("%s of %s clients are connected, and %s were sent a message with offset and epoch: all must be."
                                    + " Let the servers keep what is published to addresses (history.addresses)")
                            .formatted(
                                    Texts.number(crowd.connected()),
                                    Texts.number(load.connections()),
                                    Texts.number(crowd.placed())));
        }
    }

    /** Answers when the measured time begins, which is when this returns. */
    private long warmUp() {
        long begins = Clock.nanos() + settings.times().warmUp().toNanos();
        window.begin(begins);
        pulse.until(begins, "warm-up");
        return begins;
    }

    /** @param wholeTime also where all that was published has come: clients may be about to come or go */
    private void drain(boolean wholeTime) {
        Publisher current = publisher;
        Duration longest = settings.times().drain();
        long deadline = Clock.nanos() + longest.toNanos();
        if (current != null) {
            current.stop();
        }
        BooleanSupplier done =
                () -> !wholeTime && current != null && current.underWay() == 0 && crowd.delivered() >= pace.expected();
        pulse.until(done, deadline, "drain");
    }

    /**
     * Those that are away come back and get what they missed; what comes twice has some time to do so.
     *
     * @param away how long they may stay away before they try
     */
    private void reunite(Duration away) {
        Publisher current = Objects.requireNonNull(publisher);
        long deadline = Clock.nanos() + settings.times().drain().plus(away).toNanos();
        current.stop();
        pulse.until(() -> areAllHere() && current.underWay() == 0, deadline, "drain");
        pulse.untilAskedSeldom(() -> crowd.losses().missing() == 0, deadline, "drain");
        pulse.until(Clock.nanos() + AFTERWARDS_NANOS, "drain");
        pulse.until(this::areAllHere, deadline, "drain"); // some may have been sent away just now
        stillAway = load.connections() - crowd.connected();
    }

    private Report report() {
        Publisher current = publisher;
        Map<String, Long> refusals = current == null ? Map.of() : current.refusals();
        Losses losses = crowd.losses();
        Map<String, Long> closes = new TreeMap<>(crowd.closes());
        stopped.closes().forEach((why, count) -> closes.put("stopped reader: " + why, count));
        stopped.refusals().forEach((why, count) -> closes.put("stopped reader, refused: " + why, count));
        crowd.end();
        stopped.end();
        if (current != null) {
            current.close();
        }
        Report.Traffic traffic = current == null
                ? Report.Traffic.NONE
                : new Report.Traffic(
                        end.secondsSince(start),
                        end.sent() - start.sent(),
                        end.accepted() - start.accepted(),
                        end.delivered() - start.delivered(),
                        end.bytes() - start.bytes(),
                        refusals);
        Report.Generator generator = new Report.Generator(
                wire.loops().transport(),
                wire.loops().count(),
                end.ownCpuSeconds() - start.ownCpuSeconds(),
                end.busiestLoopSince(start));
        Report.Connects connects = connects();
        if (connects.opened() == 0) {
            failures.add("No client could connect: " + connects.refusals());
        }
        List<ProcessUse> processes = end.processesSince(start, idle);
        Report.Returns returns = new Report.Returns(stillAway, crowd.comebacks(), crowd.replays());
        Judgement judgement = new Judgement(settings, traffic, losses, returns, generator, pace, processes);
        return new Report(
                settings,
                connects,
                traffic,
                losses,
                crowd.inWindow(),
                before,
                returns,
                Collections.unmodifiableMap(closes),
                pulse.seconds(),
                processes,
                generator,
                judgement.notes(),
                Stream.concat(failures.stream(), judgement.failures().stream()).toList());
    }

    private Report.Connects connects() {
        int opened = scenario == Scenario.STORM ? end.opened() - start.opened() : start.opened();
        return new Report.Connects(load.connections(), opened, connectSeconds, crowd.refusals(), connectCpuSeconds);
    }
}
