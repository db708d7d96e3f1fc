package io.whimbrel.launcher;

import java.io.PrintStream;
import java.util.concurrent.atomic.AtomicReference;
import picocli.CommandLine.Command;

@Command(
        name = "up",
        description = "Runs everything in one process: Redis, gateway and web server.",
        sortOptions = false)
final class UpCommand extends SettingsCommand {
    @Override
    public Integer call() {
        Settings settings = settings().withDefaults(Whole.DEFAULTS);
        SettingsCheck.run(settings);
        Logging.configure(settings);
        AtomicReference<Whole> running = new AtomicReference<>();
        Signals signals = new Signals(() -> {
            Whole whole = running.get();
            if (whole != null) {
                whole.stopNow();
            }
        });
        try (Whole whole = Whole.start(settings)) {
            running.set(whole);
            if (settings.text("log.format").equals("text")) {
                welcome(whole, System.out);
            }
            signals.await();
            signals.haltAfter(settings.number("gateway.drain.seconds") * 1_000L + Alone.STOP_MARGIN_MILLIS);
        }
        return 0;
    }

    private static void welcome(Whole whole, PrintStream out) {
        String s = whole.secure() ? "s" : "";
        out.printf("""

            Whimbrel is up.
              page     http%s://localhost:%d/
              gateway  ws%s://localhost:%d/ws
              Redis    %s
            Ctrl-C stops it.

            """, s, whole.webPort(), s, whole.gatewayPort(), whole.redisDescription());
        out.flush();
    }
}
