package io.whimbrel.load;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import org.HdrHistogram.Histogram;

/**
 * All clients, and what their event loops count. Called on the main thread, which asks the loops; only sums of counters may
 * be asked on any thread.
 */
final class Crowd {
    private final Wire wire;
    private final List<LoopMeter> meters = new ArrayList<>();
    private final List<Client> clients = new ArrayList<>();

    Crowd(Wire wire, Window window) {
        this.wire = wire;
        for (int i = 0; i < wire.loops().count(); i++) {
            meters.add(new LoopMeter(window));
        }
    }

    /** One that takes nothing of what it is sent. */
    void addStopped(Recipient recipient) {
        add(recipient, false, false, () -> {});
    }

    void add(Recipient recipient, boolean comesBack, Runnable onProgress) {
        add(recipient, true, comesBack, onProgress);
    }

    private void add(Recipient recipient, boolean reads, boolean comesBack, Runnable onProgress) {
        int index = clients.size();
        LoopMeter meter = meters.get(index % meters.size());
        clients.add(
                new Client(index, recipient.identity(), recipient.ledger(), wire, meter, reads, comesBack, onProgress));
    }

    List<Client> clients() {
        return List.copyOf(clients);
    }

    /**
     * Connects them, each loop its own.
     *
     * @param handshakes at most so many at the same time
     * @return counts down to 0 as they succeed or fail
     */
    CountDownLatch connect(List<Client> these, int handshakes) {
        CountDownLatch open = new CountDownLatch(these.size());
        int loops = meters.size();
        for (int i = 0; i < loops; i++) {
            var loop = wire.loops().of(i);
            Deque<Client> queue = new ArrayDeque<>(
                    these.stream().filter(client -> client.loop().equals(loop)).toList());
            int atOnce = Math.max(1, handshakes / loops);
            loop.execute(() -> new Door(queue, open).open(atOnce));
        }
        return open;
    }

    /** Lets clients in, a bounded number at a time. Called on one event loop. */
    private record Door(Deque<Client> queue, CountDownLatch open) {
        void open(int atOnce) {
            for (int i = 0; i < atOnce; i++) {
                next();
            }
        }

        private void next() {
            Client client = queue.poll();
            if (client != null) {
                client.start(_ -> {
                    open.countDown();
                    client.loop().execute(this::next);
                });
            }
        }
    }

    /** Asks something on each loop and waits for the answers. */
    private <T> List<T> ask(Function<LoopMeter, T> question) {
        List<io.netty.util.concurrent.Future<T>> answers = new ArrayList<>();
        for (int i = 0; i < meters.size(); i++) {
            LoopMeter meter = meters.get(i);
            Callable<T> task = () -> question.apply(meter);
            answers.add(wire.loops().of(i).submit(task));
        }
        return answers.stream()
                .map(answer -> answer.syncUninterruptibly().getNow())
                .toList();
    }

    private Histogram merge(Function<LoopMeter, Histogram> which) {
        Histogram all = LoopMeter.histogram();
        ask(meter -> which.apply(meter).copy()).forEach(all::add);
        return all;
    }

    /** The latencies since the last call. */
    Histogram takeLately() {
        return merge(LoopMeter::takeLately);
    }

    Histogram inWindow() {
        return merge(LoopMeter::inWindow);
    }

    Histogram comebacks() {
        return merge(LoopMeter::comebacks);
    }

    Histogram replays() {
        return merge(LoopMeter::replays);
    }

    Map<String, Long> refusals() {
        return mergeCounts(meter -> new TreeMap<>(meter.refusals()));
    }

    Map<String, Long> closes() {
        return mergeCounts(meter -> new TreeMap<>(meter.closes()));
    }

    private Map<String, Long> mergeCounts(Function<LoopMeter, Map<String, Long>> which) {
        Map<String, Long> all = new TreeMap<>();
        ask(which).forEach(counts -> counts.forEach((what, count) -> all.merge(what, count, Long::sum)));
        return all;
    }

    /** Each client's is found on its own loop. */
    Losses losses() {
        return clients.stream().map(client -> client.loop().submit(client::losses)).toList().stream()
                .map(answer -> answer.syncUninterruptibly().getNow())
                .reduce(Losses.NONE, Losses::plus);
    }

    void end() {
        clients.stream()
                .map(client -> client.loop().submit(client::end))
                .toList()
                .forEach(io.netty.util.concurrent.Future::syncUninterruptibly);
    }

    /** Safe for any thread. */
    long delivered() {
        return sum(LoopMeter::delivered);
    }

    /** Safe for any thread. */
    long bytes() {
        return sum(LoopMeter::bytes);
    }

    /** Safe for any thread. */
    int connected() {
        return (int) sum(LoopMeter::connected);
    }

    /** Safe for any thread. */
    int opened() {
        return (int) sum(LoopMeter::opened);
    }

    /** Those that were told where they stand. Safe for any thread. */
    int placed() {
        return (int) sum(LoopMeter::placed);
    }

    private long sum(ToLongFunction<LoopMeter> counter) {
        long sum = 0;
        for (LoopMeter meter : meters) {
            sum += counter.applyAsLong(meter);
        }
        return sum;
    }
}
