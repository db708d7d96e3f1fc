package io.whimbrel.load;

import java.util.ArrayList;
import java.util.List;

/** What a reader must know to judge the figures, and why a run is no success. */
record Judgement(
        BenchSettings settings,
        Report.Traffic traffic,
        Losses losses,
        Report.Generator generator,
        Pace pace,
        List<ProcessUse> processes) {

    /** Less of a fixed rate than this was not held. */
    private static final double HELD = 0.99;

    /** Half of the usual ports: Linux takes every second one first, and then looks for each of the others for long. */
    private static final int QUICK_PORTS = 14_000;

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
        return List.of();
    }
}
