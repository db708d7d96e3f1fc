package io.whimbrel.system.chaos;

import static org.awaitility.Awaitility.await;

import io.whimbrel.system.chaos.Fault.Kind;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * Does the faults of a schedule to a stage, in its order and not before their time. What Redis runs on is harmed only when
 * every copy is in order again; everything after it is then as much later.
 */
final class Striker {
    private static final Duration PATIENCE = Duration.ofSeconds(90);

    private final Stage stage;
    private final Ledger ledger;
    private final CountDownLatch never = new CountDownLatch(1);
    /** When Redis was last in order. */
    private List<RedisNode> masters = List.of();

    Striker(Stage stage, Ledger ledger) {
        this.stage = stage;
        this.ledger = ledger;
    }

    /** Returns when all were done and healed. */
    void strike(List<Fault> schedule) throws Exception {
        List<CompletableFuture<Void>> healing = new ArrayList<>();
        long start = ledger.now();
        long late = 0;
        masters = stage.redis().masters();
        try (ExecutorService healers = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int number = 0; number < schedule.size(); number++) {
                Fault fault = schedule.get(number);
                pauseUntil(start + late + fault.atMillis());
                if (fault.harmsRedis()) {
                    await().pollInterval(RedisDeployment.POLL)
                            .atMost(PATIENCE)
                            .until(() -> stage.redis().isInOrder());
                    notePromotions();
                }
                awaitLife(fault);
                late = Math.max(late, ledger.now() - start - fault.atMillis());
                ledger.note(new Entry.Struck(ledger.now(), number, fault));
                strike(fault);
                int struck = number;
                healing.add(CompletableFuture.runAsync(() -> healLater(struck, fault), healers));
            }
            CompletableFuture.allOf(healing.toArray(CompletableFuture[]::new)).get();
        }
        stage.redis().awaitOrder();
        notePromotions();
    }

    /** When all are in order, so that everybody knows what he is. */
    private void notePromotions() {
        List<RedisNode> now = stage.redis().masters();
        now.stream()
                .filter(node -> !masters.contains(node))
                .forEach(node -> ledger.note(new Entry.Promoted(ledger.now(), node.name())));
        masters = now;
    }

    private void pauseUntil(long millis) throws InterruptedException {
        never.await(Math.max(0, millis - ledger.now()), TimeUnit.MILLISECONDS);
    }

    /** What is dead cannot be harmed, so a fault waits for the end of the one before, which may be late. */
    private void awaitLife(Fault fault) {
        switch (fault.kind().victim) {
            case GATEWAY, WEB, REDIS, SENTINEL ->
                await().pollInterval(RedisDeployment.POLL)
                        .atMost(PATIENCE)
                        .until(() -> stage.process(fault.target()).isAlive());
            case WIRE, COPIES, DEPLOYMENT -> {
                // are always there, or were seen to be in order
            }
        }
    }

    private void strike(Fault fault) throws Exception {
        switch (fault.kind()) {
            case KILL_GATEWAY, KILL_WEB, KILL_REDIS, KILL_SENTINEL ->
                stage.process(fault.target()).kill();
            case STOP_GATEWAY, STOP_WEB, STOP_REDIS, STOP_SENTINEL ->
                stage.process(fault.target()).signal("STOP");
            case KILL_COPIES -> copies(fault).getFirst().kill();
            case FAIL_OVER -> stage.redis().failOver();
            case MOVE_SLOT -> {
                if (stage.redis().moveSlot()) {
                    ledger.note(new Entry.SlotMoved(ledger.now()));
                }
            }
            case FORGET_SCRIPTS -> node(fault).ask("SCRIPT", "FLUSH");
            case DROP_CLIENTS -> {
                node(fault).ask("CLIENT", "KILL", "TYPE", "normal");
                node(fault).ask("CLIENT", "KILL", "TYPE", "pubsub");
            }
            case CUT, DELAY, THROTTLE, HALVE, HALF_OPEN ->
                stage.wire(fault.target()).strike(fault.kind());
        }
    }

    private RedisNode node(Fault fault) {
        return node(fault.target());
    }

    private RedisNode node(String name) {
        return (RedisNode) stage.process(name);
    }

    /** In the order in which they are harmed. */
    private List<RedisNode> copies(Fault fault) {
        return Arrays.stream(fault.target().split(", ")).map(this::node).toList();
    }

    private void healLater(int number, Fault fault) {
        try {
            if (fault.kind() == Kind.KILL_COPIES) {
                never.await(fault.lengthMillis(), TimeUnit.MILLISECONDS);
                copies(fault).getLast().kill();
            }
            never.await(fault.lengthMillis(), TimeUnit.MILLISECONDS);
            heal(fault);
            ledger.note(new Entry.Healed(ledger.now(), number, fault));
        } catch (IOException e) {
            throw new AssertionError(fault + " could not be healed", e);
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted before this was healed: " + fault, e);
        }
    }

    private void heal(Fault fault) throws IOException, InterruptedException {
        Kind kind = fault.kind();
        switch (kind) {
            case KILL_GATEWAY, KILL_WEB, KILL_REDIS, KILL_SENTINEL ->
                stage.process(fault.target()).start();
            case STOP_GATEWAY, STOP_WEB, STOP_REDIS, STOP_SENTINEL ->
                stage.process(fault.target()).signal("CONT");
            case KILL_COPIES -> {
                for (RedisNode copy : copies(fault)) {
                    copy.start();
                }
            }
            case FAIL_OVER, MOVE_SLOT, FORGET_SCRIPTS, DROP_CLIENTS -> {
                // over as soon as they are done
            }
            case CUT, DELAY, THROTTLE, HALVE, HALF_OPEN ->
                stage.wire(fault.target()).heal();
        }
    }
}
