package io.whimbrel.load;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** What a reader must know to judge the figures, and why a run is no success. */
record Judgement(
        BenchSettings settings,
        Report.Traffic traffic,
        Losses losses,
        Report.Returns returns,
        Report.Generator generator,
        Pace pace,
        List<ProcessUse> processes) {

    /** Less of a fixed rate than this was not held. */
    private static final double HELD = 0.99;

    /** Half of the usual ports: Linux takes every second one first, and then looks for each of the others for long. */
    private static final int QUICK_PORTS = 14_000;

    /** What a client missed must be there so soon after it is back, but for one in a hundred. */
    static final long REPLAY_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** After a restart all clients must be back so soon. */
    static final long BACK_NANOS = TimeUnit.SECONDS.toNanos(10);

    List<String> notes() {
        List<String> notes = new ArrayList<>();
        if (generator.busiestLoop() >= Report.Generator.BOTTLENECK) {
            notes.add(("The bench itself was the bottleneck: its busiest event loop was on a CPU %.0f %% of the time."
                            + " Figures per CPU-second of the server stay valid, others do not; give it more --loops or"
                            + " cores")
                    .formatted(generator.busiestLoop() * 100));
        }
        double rate = settings.load().rate();
        if (traffic.seconds() > 0 && rate > 0 && traffic.publishedPerSecond() < HELD * rate) {
            notes.add(("The rate was not held: %s of %s publications a second went out. Latencies count from when each"
                            + " was due; more --publishers help where the server is quick enough")
                    .formatted(Texts.number(traffic.publishedPerSecond()), Texts.number(rate)));
        }
        if (traffic.refusals().containsKey("HTTP 429")) {
            notes.add("Senders were rate-limited (HTTP 429): raise web.rate.per-second and web.rate.burst, or publish"
                    + " with --api-key");
        }
        int paths = Math.max(1, settings.target().sourceAddresses().size())
                * settings.target().gateways().size();
        if (settings.load().connections() / paths > QUICK_PORTS) {
            notes.add("Above 14,000 connections from one address to one gateway the system takes long to find a free"
                    + " port, which slows the bench: name more --source-addresses");
        }
        if (pace.stalls() > 0) {
            notes.add("%d times a second passed without any delivery while the bound of --in-flight was reached"
                    .formatted(pace.stalls()));
        }
        processes.stream()
                .filter(use -> !use.stayed())
                .forEach(use -> notes.add(
                        "The process %s ended meanwhile; what it used is not in the figures".formatted(use.name())));
        return List.copyOf(notes);
    }

    List<String> failures() {
        if (traffic.published() > 0 && traffic.accepted() == 0) {
            return List.of("Nothing that was published was accepted: " + traffic.refusals());
        }
        if (settings.scenario().mustLoseNothing() && losses.lost() > 0) {
            return List.of("%s deliveries were accepted and did not reach a connected client within %d s"
                    .formatted(
                            Texts.number(losses.lost()),
                            settings.times().drain().toSeconds()));
        }
        return settings.scenario().reconnects() ? failuresOfRecovery() : List.of();
    }

    private List<String> failuresOfRecovery() {
        List<String> failures = new ArrayList<>();
        addCount(failures, "Clients that were not back in the end", returns.stillAway());
        addCount(failures, "Publications that were accepted and never reached their client", losses.missing());
        addCount(failures, "Publications that came once more", losses.duplicates());
        addCount(failures, "Publications that came after later ones", losses.outOfOrder());
        long replay = returns.replays().getValueAtPercentile(99);
        if (replay >= REPLAY_NANOS) {
            failures.add("Replay took %s (p99), but must take less than %s"
                    .formatted(Texts.millis(replay), Texts.millis(REPLAY_NANOS)));
        }
        long comeback = returns.comebacks().getMaxValue();
        if (settings.scenario() == Scenario.DEPLOY && comeback >= BACK_NANOS) {
            failures.add("A client was connected again only %s after it had lost its connection, but must be before %s"
                    .formatted(Texts.millis(comeback), Texts.millis(BACK_NANOS)));
        }
        return List.copyOf(failures);
    }

    private static void addCount(List<String> failures, String what, long count) {
        if (count > 0) {
            failures.add(what + ": " + Texts.number(count));
        }
    }
}
