package io.whimbrel.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.whimbrel.model.Publication;
import io.whimbrel.model.PublicationId;
import io.whimbrel.model.Topic;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;

/**
 * Holds a million sessions in this JVM, without connections below them, and tells what they cost: memory, one broadcast,
 * a unicast, the heartbeats, and the collector's pauses under a steady load. No system call is part of it.
 *
 * <pre>java … -cp benchmarks.jar io.whimbrel.gateway.MillionSessions [--sessions N] [--loops N] [--shared-topic yes|no]
 *     [--seconds N] [--broadcasts-per-second N] [--unicasts-per-second N] [--row]</pre>
 */
public final class MillionSessions {
    private static final int PAYLOAD_BYTES = 128;
    private static final int WARM_UP_BROADCASTS = 10;
    private static final int BROADCASTS = 20;
    private static final int UNICASTS = 20_000;
    private static final int BURST = 100_000;
    private static final long STEP_NANOS = 1_000_000;

    private final Map<String, String> result = new LinkedHashMap<>();
    private final SplittableRandom random = new SplittableRandom(7);
    private final Options options;
    private final Crowd crowd;
    private final byte[] payload = ('"' + "x".repeat(PAYLOAD_BYTES - 2) + '"').getBytes(UTF_8);

    private record Options(
            int sessions,
            int loops,
            boolean sharedTopic,
            int seconds,
            double broadcastsPerSecond,
            double unicastsPerSecond,
            boolean row) {
        static Options parse(String[] arguments) {
            Map<String, String> given = new LinkedHashMap<>(Map.of(
                    "--sessions", "1000000",
                    "--loops", Integer.toString(Runtime.getRuntime().availableProcessors()),
                    "--shared-topic", "yes",
                    "--seconds", "10",
                    "--broadcasts-per-second", "2",
                    "--unicasts-per-second", "10000",
                    "--row", "no"));
            for (int i = 0; i < arguments.length; i++) {
                if (!given.containsKey(arguments[i])) {
                    throw new IllegalArgumentException("there is no option " + arguments[i]);
                }
                boolean flag = arguments[i].equals("--row");
                if (!flag && i + 1 == arguments.length) {
                    throw new IllegalArgumentException(arguments[i] + " needs a value");
                }
                given.put(arguments[i], flag ? "yes" : arguments[++i]);
            }
            return new Options(
                    number(given, "--sessions"),
                    number(given, "--loops"),
                    "yes".equals(given.get("--shared-topic")),
                    number(given, "--seconds"),
                    number(given, "--broadcasts-per-second"),
                    number(given, "--unicasts-per-second"),
                    "yes".equals(given.get("--row")));
        }

        private static int number(Map<String, String> given, String option) {
            String text = given.getOrDefault(option, "");
            if (!text.matches("[1-9][0-9]{0,7}")) {
                throw new IllegalArgumentException(
                        "%s is %s, but must be a number from 1 to 99999999".formatted(option, text));
            }
            return Integer.parseInt(text);
        }
    }

    private MillionSessions(Options options) {
        this.options = options;
        crowd = new Crowd(options.sessions(), options.loops());
    }

    public static void main(String[] arguments) throws InterruptedException {
        Options options;
        try {
            options = Options.parse(arguments);
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage());
            System.exit(2);
            return;
        }
        MillionSessions run = new MillionSessions(options);
        try {
            run.measure();
        } finally {
            run.crowd.close();
        }
        run.print();
    }

    private void measure() throws InterruptedException {
        result.put("collector", collector());
        long emptyBytes = usedHeapBytes();
        long started = System.nanoTime();
        crowd.connect(options.sharedTopic());
        double connectSeconds = (System.nanoTime() - started) / 1e9;
        put("heap per session, bytes", "%.0f", (usedHeapBytes() - emptyBytes) / (double) crowd.size());
        put("sessions opened, per s", "%.0f", crowd.size() / connectSeconds);
        measureHeartbeats();
        if (options.sharedTopic()) {
            measureBroadcasts();
        }
        measureUnicasts();
        measureUnderLoad();
        measureFullCollection();
        int expected = crowd.size() + listeners(options);
        if (crowd.sessionsLeft() != expected) {
            throw new IllegalStateException(
                    "of %d sessions only %d are left".formatted(expected, crowd.sessionsLeft()));
        }
        put("RSS, MiB", "%.0f", residentMiB());
    }

    private void measureHeartbeats() {
        for (int i = 0; i < 3; i++) { // the last one counts
            long started = System.nanoTime();
            crowd.pingAll();
            put("pings of all, ms", "%.0f", (System.nanoTime() - started) / 1e6);
            started = System.nanoTime();
            int answered = crowd.answerPings();
            put("pongs of all, ms", "%.0f", (System.nanoTime() - started) / 1e6);
            if (answered != crowd.size()) {
                throw new IllegalStateException("%d of %d sessions were pinged".formatted(answered, crowd.size()));
            }
        }
    }

    private void measureBroadcasts() {
        long[] nanos = new long[BROADCASTS];
        double before = crowd.deliveries();
        for (int i = -WARM_UP_BROADCASTS; i < BROADCASTS; i++) {
            long started = System.nanoTime();
            crowd.offer(publication(Crowd.SHARED));
            crowd.await();
            if (i >= 0) {
                nanos[i] = System.nanoTime() - started;
            }
        }
        requireDeliveries(before, (WARM_UP_BROADCASTS + BROADCASTS) * (double) crowd.size());
        Arrays.sort(nanos);
        put("broadcast p50, ms", "%.1f", nanos[BROADCASTS / 2] / 1e6);
        put("broadcast max, ms", "%.1f", nanos[BROADCASTS - 1] / 1e6);
    }

    private void measureUnicasts() {
        long[] nanos = new long[UNICASTS];
        double before = crowd.deliveries();
        for (int i = -UNICASTS; i < UNICASTS; i++) {
            int session = random.nextInt(crowd.size());
            Publication publication = publication(crowd.address(session));
            long started = System.nanoTime();
            crowd.offer(publication);
            crowd.await(session);
            if (i >= 0) {
                nanos[i] = System.nanoTime() - started;
            }
        }
        Arrays.sort(nanos);
        put("unicast there and back p50, µs", "%.0f", nanos[UNICASTS / 2] / 1e3);
        long started = System.nanoTime();
        for (int i = 0; i < BURST; i++) {
            crowd.offer(publication(crowd.address(random.nextInt(crowd.size()))));
        }
        crowd.await();
        put("unicast in a burst, µs", "%.2f", (System.nanoTime() - started) / 1e3 / BURST);
        requireDeliveries(before, 2.0 * UNICASTS + BURST);
    }

    /** One for each millisecond under load. */
    private static int listeners(Options options) {
        return options.seconds() * 1_000;
    }

    /** Heartbeats, broadcasts and unicasts at fixed rates, for as long as asked. */
    private void measureUnderLoad() throws InterruptedException {
        crowd.startHeartbeats();
        int steps = listeners(options);
        long[] dueNanos = new long[steps];
        AtomicLongArray latencies = new AtomicLongArray(steps);
        List<Topic> listeners =
                crowd.addListeners(steps, step -> latencies.set(step, System.nanoTime() - dueNanos[step]));
        double broadcastsPerStep = options.sharedTopic() ? options.broadcastsPerSecond() / 1_000 : 0;
        double unicastsPerStep = options.unicastsPerSecond() / 1_000;
        double deliveriesBefore = crowd.deliveries();
        try (Pauses pauses = new Pauses()) {
            long allocatedBefore = allocatedBytes();
            long started = System.nanoTime();
            for (int step = 0; step < steps; step++) {
                long due = started + step * STEP_NANOS;
                while (System.nanoTime() < due) {
                    LockSupport.parkNanos(due - System.nanoTime());
                }
                offerTimes(step, broadcastsPerStep, true);
                offerTimes(step, unicastsPerStep, false);
                dueNanos[step] = due;
                crowd.offer(publication(listeners.get(step)));
            }
            crowd.await();
            double deliveries = crowd.deliveries() - deliveriesBefore;
            put("allocated per delivery, bytes", "%.2f", (allocatedBytes() - allocatedBefore) / deliveries);
            put("deliveries, per s", "%.0f", deliveries / ((System.nanoTime() - started) / 1e9));
            pauses.stop();
            put("pauses under load", "%.0f", pauses.count());
            put("longest, ms", "%.2f", pauses.longestMillis());
            put("together, ms", "%.1f", pauses.sumMillis());
        }
        long[] sorted = new long[steps];
        Arrays.setAll(sorted, latencies::get);
        Arrays.sort(sorted);
        put("unicast under load p50, ms", "%.2f", sorted[steps / 2] / 1e6);
        put("p99, ms", "%.1f", sorted[steps * 99 / 100] / 1e6);
        put("p99.9, ms", "%.1f", sorted[steps * 999 / 1_000] / 1e6);
    }

    /** What walking all that lives costs, sooner or later. */
    private void measureFullCollection() {
        try (Pauses pauses = new Pauses()) {
            System.gc();
            pauses.stop();
            put("pause of a full collection, ms", "%.1f", pauses.longestMillis());
        }
    }

    private void offerTimes(int step, double perStep, boolean toAll) {
        long times = (long) ((step + 1) * perStep) - (long) (step * perStep);
        for (long i = 0; i < times; i++) {
            crowd.offer(publication(toAll ? Crowd.SHARED : crowd.address(random.nextInt(crowd.size()))));
        }
    }

    private Publication publication(Topic topic) {
        long now = System.currentTimeMillis();
        return new Publication(PublicationId.next(now), topic, now, null, payload);
    }

    private void requireDeliveries(double before, double expected) {
        double delivered = crowd.deliveries() - before;
        if (delivered != expected) {
            throw new IllegalStateException("%.0f frames were delivered, not %.0f".formatted(delivered, expected));
        }
    }

    private static long usedHeapBytes() {
        for (int i = 0; i < 3; i++) {
            System.gc();
        }
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    private static long allocatedBytes() {
        return ((com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean()).getTotalThreadAllocatedBytes();
    }

    private static double residentMiB() {
        try (var lines = java.nio.file.Files.lines(java.nio.file.Path.of("/proc/self/status"))) {
            return lines.filter(line -> line.startsWith("VmRSS:"))
                            .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                            .findFirst()
                            .orElse(0)
                    / 1024.0;
        } catch (java.io.IOException _) {
            return Double.NaN; // no Linux
        }
    }

    private static String collector() {
        List<String> arguments = ManagementFactory.getRuntimeMXBean().getInputArguments();
        return arguments.stream()
                .filter(argument -> argument.matches("-XX:\\+Use.*GC"))
                .map(argument -> argument.replaceAll("-XX:\\+Use|GC", ""))
                .findFirst()
                .orElse("default");
    }

    private void put(String name, String format, double value) {
        result.put(name, String.format(Locale.ROOT, format, value));
    }

    private void print() {
        if (options.row()) {
            List<String> names = new ArrayList<>(result.keySet());
            System.out.println("| " + String.join(" | ", names) + " |");
            System.out.println("|" + "---|".repeat(names.size()));
            System.out.println("| " + String.join(" | ", result.values()) + " |");
        } else {
            result.forEach((name, value) -> System.out.printf("%-32s %s%n", name, value));
        }
    }
}
