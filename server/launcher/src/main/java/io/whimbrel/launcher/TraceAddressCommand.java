package io.whimbrel.launcher;

import io.vertx.core.json.JsonObject;
import io.whimbrel.model.Address;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "address",
        description =
                "Lets all messages to an address be traced for a while, and prints their ways as they become known.",
        sortOptions = false)
final class TraceAddressCommand implements Callable<Integer> {
    private static final long LOOK_EVERY_MILLIS = 500;
    /** A message of which nothing new was told for a while is looked at less often. */
    private static final long QUIET_AFTER_MILLIS = 10_000;

    private static final long LOOK_AT_QUIET_EVERY_MILLIS = 5_000;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this.")
    boolean help;

    @Parameters(paramLabel = "UUID", description = "The address.")
    String uuid = "";

    @Option(
            names = "--for",
            paramLabel = "<time>",
            defaultValue = "10m",
            converter = BenchCommand.TimeConverter.class,
            description = "How long, an hour at most. Default: 10m")
    Duration time = Duration.ZERO;

    @Mixin
    BackendCalls calls = new BackendCalls();

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before anything else happens
    CommandSpec spec;

    private final Map<String, Seen> messages = new LinkedHashMap<>();
    private @Nullable String lastPrinted;
    private @Nullable String lastComplaint;

    /** What was printed of one message, and when to look at it again. */
    private static final class Seen {
        final Set<String> hops = new HashSet<>();
        long changedMillis;
        long nextLookMillis;
    }

    @Override
    public Integer call() throws InterruptedException {
        Address address = Address.parse(uuid)
                .orElseThrow(() -> new IllegalArgumentException("\"%s\" is no address, a UUID".formatted(uuid)));
        if (time.toSeconds() < 1) {
            throw new IllegalArgumentException("--for must be a second or more");
        }
        Set<String> before = Set.copyOf(traced(address));
        calls.post("/traces", new JsonObject().put("uuid", address.toString()).put("seconds", time.toSeconds()));
        PrintWriter out = spec.commandLine().getOut();
        out.printf("Messages to %s are traced for %d s, Ctrl-C ends the watching%n", address, time.toSeconds());
        out.flush();
        long end = nowMillis() + time.toMillis();
        while (nowMillis() < end) {
            look(address, before, out);
            TimeUnit.MILLISECONDS.sleep(LOOK_EVERY_MILLIS);
        }
        return 0;
    }

    private List<String> traced(Address address) {
        return calls.get("/traces/" + address).getJsonArray("messages").stream()
                .map(String::valueOf)
                .toList();
    }

    /** A web server that is away for a moment is complained about once, since it may be what is looked for. */
    private void look(Address address, Set<String> before, PrintWriter out) {
        try {
            List<String> listed = traced(address);
            messages.keySet().retainAll(Set.copyOf(listed));
            for (String id : listed) {
                if (!before.contains(id)) {
                    look(id, messages.computeIfAbsent(id, _ -> new Seen()), out);
                }
            }
            lastComplaint = null;
        } catch (StartException e) {
            String complaint = String.valueOf(e.getMessage());
            if (!complaint.equals(lastComplaint)) {
                spec.commandLine().getErr().println("whimbrel: " + complaint);
            }
            lastComplaint = complaint;
        }
        out.flush();
    }

    private void look(String id, Seen seen, PrintWriter out) {
        long now = nowMillis();
        if (now < seen.nextLookMillis) {
            return;
        }
        TracedMessage message = TracedMessage.read(calls, id);
        List<TracedMessage.Hop> fresh = new ArrayList<>();
        for (TracedMessage.Hop hop : message.hops()) {
            if (seen.hops.add(hop.key())) {
                fresh.add(hop);
            }
        }
        if (!fresh.isEmpty()) {
            seen.changedMillis = now;
            out.print(id.equals(lastPrinted) ? "" : message.heading());
            out.print(message.table(fresh));
            lastPrinted = id;
        }
        boolean quiet = now - seen.changedMillis > QUIET_AFTER_MILLIS;
        seen.nextLookMillis = now + (quiet ? LOOK_AT_QUIET_EVERY_MILLIS : 0);
    }

    private static long nowMillis() {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime());
    }
}
