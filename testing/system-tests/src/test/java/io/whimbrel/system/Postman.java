package io.whimbrel.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Publishes to recipients at a pace, whatever happens, and repeats with its key what was not accepted, until it is. Safe for any
 * thread.
 */
final class Postman implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long REPEAT_AFTER_MILLIS = 100;

    private final Backend backend;
    private final List<Recipient> recipients;
    private final String name;
    private final Random random;
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
    private final AtomicInteger letters = new AtomicInteger();
    private final AtomicInteger repetitions = new AtomicInteger();
    private final AtomicInteger acceptedLetters = new AtomicInteger();
    /** Ids of what was accepted, by address. */
    private final Map<String, Queue<String>> accepted = new ConcurrentHashMap<>();

    /** @param seed decides who gets what */
    Postman(Backend backend, List<Recipient> recipients, long seed) {
        this.backend = backend;
        this.recipients = List.copyOf(recipients);
        name = "postman-" + seed + '-';
        random = new Random(seed);
        System.out.println("seed of the postman: " + seed);
    }

    /** Completes when that many messages were accepted, each to somebody chosen at random. */
    CompletableFuture<Void> deliver(int count, int perSecond) {
        CompletableFuture<?>[] deliveries = new CompletableFuture<?>[count];
        AtomicInteger next = new AtomicInteger();
        CompletableFuture<Void> begun = new CompletableFuture<>();
        var pace = clock.scheduleAtFixedRate(
                () -> {
                    int i = next.getAndIncrement();
                    if (i < count) {
                        deliveries[i] = deliver(recipients.get(random.nextInt(recipients.size())));
                    } else {
                        begun.complete(null);
                    }
                },
                0,
                TimeUnit.SECONDS.toNanos(1) / perSecond,
                TimeUnit.NANOSECONDS);
        return begun.thenCompose(_ -> {
            pace.cancel(false);
            return CompletableFuture.allOf(deliveries);
        });
    }

    /** One more to each. What comes before it and should not is seen. */
    void deliverLastOnes() throws Exception {
        for (int from = 0; from < recipients.size(); from += 50) {
            List<Recipient> some = recipients.subList(from, Math.min(from + 50, recipients.size()));
            CompletableFuture.allOf(some.stream().map(this::deliver).toArray(CompletableFuture[]::new))
                    .get(Part.DEADLINE.toSeconds(), TimeUnit.SECONDS);
        }
    }

    private CompletableFuture<Void> deliver(Recipient to) {
        return attempt(to.address(), letters.getAndIncrement());
    }

    private CompletableFuture<Void> attempt(String address, int letter) {
        return backend.publishOnce(address, Integer.toString(letter), name + letter)
                .handle((response, failure) -> {
                    if (failure != null || response.statusCode() == 503) {
                        repetitions.incrementAndGet();
                        return attemptLater(address, letter);
                    }
                    accept(address, response);
                    return CompletableFuture.<Void>completedFuture(null);
                })
                .thenCompose(it -> it);
    }

    private CompletableFuture<Void> attemptLater(String address, int letter) {
        return CompletableFuture.supplyAsync(
                        () -> attempt(address, letter),
                        CompletableFuture.delayedExecutor(REPEAT_AFTER_MILLIS, TimeUnit.MILLISECONDS))
                .thenCompose(it -> it);
    }

    private void accept(String address, HttpResponse<String> response) {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        try {
            accepted.computeIfAbsent(address, _ -> new ConcurrentLinkedQueue<>())
                    .add(JSON.readTree(response.body()).path("id").asText());
        } catch (IOException e) {
            throw new AssertionError(response.body(), e);
        }
        acceptedLetters.incrementAndGet();
    }

    int accepted() {
        return acceptedLetters.get();
    }

    /** How often something was published again, since there was no answer or none that said it is accepted. */
    int repetitions() {
        return repetitions.get();
    }

    /** Ids of what was accepted for somebody. */
    Collection<String> acceptedFor(Recipient recipient) {
        return accepted.getOrDefault(recipient.address(), new ConcurrentLinkedQueue<>());
    }

    boolean allReceived() {
        return recipients.stream()
                .allMatch(recipient ->
                        recipient.received() >= acceptedFor(recipient).size());
    }

    @Override
    public void close() {
        clock.shutdownNow();
    }
}
