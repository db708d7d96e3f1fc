package io.whimbrel.load;

import java.io.PrintStream;

/** A measurement of a Whimbrel that runs already. Called on one thread, which it keeps until the result is there. */
public final class Bench {
    private final BenchSettings settings;
    private final PrintStream progress;

    /** Nothing happens yet; {@code progress} will get one line a second. */
    public Bench(BenchSettings settings, PrintStream progress) {
        this.settings = settings;
        this.progress = progress;
    }

    /** Connects, publishes, measures. What stands in the way is a {@link BenchException}. */
    public Report run() {
        Preflight.check(settings);
        try (Loops loops = new Loops(settings.loops())) {
            return new Run(settings, new Wire(loops, settings), progress).measure();
        }
    }
}
