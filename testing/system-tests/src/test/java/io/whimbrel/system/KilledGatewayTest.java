package io.whimbrel.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.whimbrel.system.Recipient.Habit;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A gateway dies under load without a word, and nobody misses a message or is shown one twice. */
@Tag("story")
@Timeout(value = 4, unit = TimeUnit.MINUTES) // it takes some seconds, but many where much else is built
class KilledGatewayTest {
    private static final int CROWD = 1_000;
    private static final int PER_SECOND = 500;
    private static final int MESSAGES = 2_000;

    @TempDir
    private Path folder;

    @Test
    void aThousandClientsGoOnAtAnotherGatewayWithEveryMessageOnce() throws Exception {
        long seed = System.nanoTime();
        try (Town town = new Town(folder)) {
            town.webSettings.add(Backend.SETTING);
            town.start(2);
            List<Recipient> crowd = crowd(town);
            try (Postman postman = new Postman(town.backend(), crowd, seed)) {
                crowd.forEach(Recipient::come);
                await().atMost(Part.DEADLINE).until(() -> crowd.stream().allMatch(Recipient::isHere));
                CompletableFuture<Void> delivered = postman.deliver(MESSAGES, PER_SECOND);
                await().atMost(Part.DEADLINE).until(() -> postman.accepted() > MESSAGES / 4);

                town.gateways.getFirst().kill();

                delivered.get(Part.DEADLINE.toSeconds(), TimeUnit.SECONDS);
                await().atMost(Part.DEADLINE).until(() -> crowd.stream().allMatch(Recipient::isHere));
                postman.deliverLastOnes();
                await().atMost(Part.DEADLINE).until(postman::allReceived);
                for (Recipient recipient : crowd) {
                    recipient.assertHasExactly(postman.acceptedFor(recipient));
                    if (recipient.habit() == Habit.BRINGS_POSITION) {
                        assertThat(recipient.repeated())
                                .as(recipient.toString())
                                .isZero();
                    }
                }
                assertThat(crowd.stream().filter(recipient -> recipient.returns() > 1))
                        .as("those who were at the killed gateway")
                        .hasSizeGreaterThan(CROWD / 2);
                System.out.printf(
                        "%d accepted, %d came again to those that only acknowledge%n",
                        postman.accepted(),
                        crowd.stream().mapToInt(Recipient::repeated).sum());
            } finally {
                crowd.forEach(Recipient::close);
            }
        }
    }

    private static List<Recipient> crowd(Town town) throws Exception {
        List<Recipient> crowd = new ArrayList<>();
        Semaphore atOnce = new Semaphore(64);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Recipient>> tokens = IntStream.range(0, CROWD)
                    .mapToObj(i -> threads.submit(() -> {
                        atOnce.acquire();
                        try {
                            Habit habit = i % 2 == 0 ? Habit.BRINGS_POSITION : Habit.ACKNOWLEDGES;
                            return Recipient.of(town.newClient(), town.gatewayPorts(), habit);
                        } finally {
                            atOnce.release();
                        }
                    }))
                    .toList();
            for (Future<Recipient> recipient : tokens) {
                crowd.add(recipient.get());
            }
        }
        return crowd;
    }
}
