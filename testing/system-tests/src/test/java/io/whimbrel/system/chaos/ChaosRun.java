package io.whimbrel.system.chaos;

import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.whimbrel.system.Part;
import java.io.IOException;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.awaitility.core.ConditionTimeoutException;

/**
 * A run: everything is started, clients come and a publisher writes to them; faults are done to the parts; then all is let come
 * to rest, and the checker reads what was noted.
 *
 * @param variant what its report is called besides, where the deployment does not say all
 */
record ChaosRun(
        RedisDeployment.Form form,
        String variant,
        long seed,
        List<String> settings,
        Optional<PlantedBug> planted,
        Demands demands,
        Faults faults) {
    /** Which faults are done; made when it is known what there is to break. */
    interface Faults {
        List<Fault> on(Layout layout);
    }

    private static final int CLIENTS = 24;
    /**
     * Who has the identity of which other one. These bring their positions, since an acknowledgement of one client moves the cursor
     * of its address, and with it that of all others that bring none.
     */
    private static final Map<Integer, Integer> SHARING = Map.of(18, 16, 22, 20);

    private static final Duration PATIENCE = Duration.ofSeconds(90);
    /** So long without any change, and what is missing does not come any more. */
    private static final Duration STANDSTILL = Duration.ofSeconds(20);

    private static final Path RESULTS = Part.ROOT.resolve("testing/system-tests/target/chaos");

    /** So many faults at random. */
    static ChaosRun of(RedisDeployment.Form form, long seed, int faults, List<String> settings) {
        return new ChaosRun(
                form, "", seed, settings, Optional.empty(), Demands.USUAL, layout -> Schedule.of(seed, faults, layout));
    }

    /** So many faults that each harm both copies of a shard. */
    static ChaosRun ofCopies(RedisDeployment.Form form, long seed, int faults, List<String> settings) {
        return new ChaosRun(
                form,
                "both copies",
                seed,
                settings,
                Optional.empty(),
                Demands.USUAL,
                layout -> Schedule.ofCopies(seed, faults, layout));
    }

    /** So many faults at random, while of each address only a few of the last messages are kept. */
    static ChaosRun ofLittleKept(RedisDeployment.Form form, long seed, int faults, int kept, List<String> settings) {
        return new ChaosRun(
                form,
                "little kept",
                seed,
                settings,
                Optional.empty(),
                Demands.USUAL.withKept(kept),
                layout -> Schedule.of(seed, faults, layout));
    }

    static ChaosRun with(PlantedBug bug, RedisDeployment.Form form, long seed, List<Fault> faults) {
        return new ChaosRun(form, bug.words(), seed, List.of(), Optional.of(bug), Demands.USUAL, _ -> faults);
    }

    /** The same, of which other things are asked. */
    ChaosRun demanding(Demands others) {
        return new ChaosRun(form, variant, seed, settings, planted, others, faults);
    }

    ChaosReport run(Path folder) throws Exception {
        String name = name();
        System.out.printf("chaos: %s, seed %d%n", name, seed);
        Ledger ledger = new Ledger();
        List<String> all = new ArrayList<>(settings);
        all.add("--history.addresses=%d/1h".formatted(demands.kept()));
        Optional<Path> classes = Optional.empty();
        if (planted.isPresent()) {
            classes = Optional.of(planted.get().plantIn(folder));
        }
        ChaosReport report;
        try (Stage stage = new Stage(folder, form.in(folder), all, classes)) {
            long start = ledger.now();
            stage.start();
            run(stage, ledger);
            long seconds = (ledger.now() - start) / 1000;
            report = new ChaosReport(name, seed, seconds, Checker.check(ledger.entries(), demands));
            keepEvidence(name, stage, ledger);
        }
        System.out.print(report.text());
        System.out.println("  report: " + report.write(RESULTS));
        return report;
    }

    private String name() {
        String deployment = form.name().toLowerCase(Locale.ROOT);
        return variant.isEmpty() ? deployment : deployment + '-' + variant.replace(' ', '-');
    }

    private void run(Stage stage, Ledger ledger) throws Exception {
        ScheduledExecutorService clock =
                Executors.newScheduledThreadPool(2, Thread.ofPlatform().daemon().factory());
        HttpClient http = HttpClient.newHttpClient();
        Desk desk = new Desk(http);
        List<JsonNode> identities = new ArrayList<>();
        List<ChaosClient> clients = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            Integer other = SHARING.get(i);
            JsonNode identity =
                    other == null ? desk.newIdentity(stage.webs().getFirst().port()) : identities.get(other);
            identities.add(identity);
            clients.add(new ChaosClient(http, clock, ledger, identity, stage.clientPorts(), i, seed));
        }
        List<Recipient> recipients = Recipient.of(clients);
        try (Canaries canaries = new Canaries(http, clock, ledger);
                Publisher publisher = new Publisher(desk, clock, ledger, stage.publisherPorts(), recipients, seed)) {
            canaries.begin(stage);
            clients.forEach(ChaosClient::come);
            await().atMost(Part.DEADLINE).until(() -> clients.stream().allMatch(ChaosClient::hasBeenHere));
            publisher.writeToEach();
            settle(publisher); // so that all who bring positions have one
            publisher.begin();
            List<Fault> schedule = faults.on(stage.layout());
            schedule.forEach(fault -> System.out.println("  " + fault));

            new Striker(stage, ledger).strike(schedule);

            awaitReadiness(stage, ledger);
            clients.forEach(ChaosClient::calmDown);
            publisher.end();
            settle(publisher);
            publisher.writeToEach();
            settle(publisher);
            publisher.askForReceipts();
            noteCrashes(stage, ledger);
        } finally {
            clients.forEach(ChaosClient::close);
            clock.shutdownNow();
            http.shutdownNow();
        }
    }

    private static void awaitReadiness(Stage stage, Ledger ledger) {
        for (Service service : stage.services()) {
            try {
                service.awaitReadiness();
            } catch (ConditionTimeoutException _) {
                ledger.note(new Entry.NeverReady(ledger.now(), service.name(), service.log()));
            }
        }
    }

    /** Waits until everything is accepted and received, or nothing changes any more; the checker says what is missing. */
    private void settle(Publisher publisher) {
        try {
            await().atMost(PATIENCE).until(publisher::isDone);
            long before = -1;
            while (!isReceived(publisher) && publisher.received() > before) {
                before = publisher.received();
                awaitAll(publisher);
            }
        } catch (ConditionTimeoutException _) {
            System.out.println("  not everything was accepted in the end");
        }
    }

    private boolean isReceived(Publisher publisher) {
        return demands.keepsAll() ? publisher.allReceived() : publisher.allHaveTheNewest();
    }

    private void awaitAll(Publisher publisher) {
        try {
            await().atMost(STANDSTILL).until(() -> isReceived(publisher));
        } catch (ConditionTimeoutException _) {
            System.out.println("  not everything was received yet");
        }
    }

    private static void noteCrashes(Stage stage, Ledger ledger) {
        stage.processes().forEach((name, process) -> {
            if (!process.isAlive()) {
                ledger.note(new Entry.Crashed(ledger.now(), name, process.log()));
            }
        });
    }

    private void keepEvidence(String name, Stage stage, Ledger ledger) throws IOException {
        Path folder = Files.createDirectories(RESULTS.resolve("%s-%d-evidence".formatted(name, seed)));
        for (Map.Entry<String, Breakable> process : stage.processes().entrySet()) {
            Files.writeString(
                    folder.resolve(process.getKey().replace(' ', '-') + ".log"),
                    process.getValue().log());
        }
        Files.write(
                folder.resolve("ledger.txt"),
                ledger.entries().stream().map(Entry::toString).toList());
        System.out.println("  evidence: " + folder);
    }
}
