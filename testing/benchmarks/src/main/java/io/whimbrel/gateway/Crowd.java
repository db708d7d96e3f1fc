package io.whimbrel.gateway;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.util.concurrent.EventExecutor;
import io.whimbrel.model.Address;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import io.whimbrel.protocol.bare.BareCodec;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntConsumer;
import java.util.stream.Stream;

/**
 * Many sessions on the event loops of a gateway, each with an address of its own and, where wanted, all with one topic
 * besides; everything as it is but port, broker and sockets. Called on the main thread.
 */
final class Crowd implements AutoCloseable {
    static final Topic SHARED = new Topic("everybody");

    private static final long TIMEOUT_SECONDS = 300;

    private final EventLoops eventLoops;
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final Subscriptions subscriptions = new Subscriptions(new SilentBroker());
    private final List<Loop> loops = new ArrayList<>();
    private final List<ArrayDeque<AnsweringSocket>> pinged = new ArrayList<>();
    /** Of the session i, which lives on the loop i modulo their number. */
    private final Topic[] addresses;

    private final AtomicLong skippedMillis = new AtomicLong();

    Crowd(int sessions, int loopCount) {
        addresses = new Topic[sessions];
        eventLoops = new EventLoops(loopCount);
        GatewaySettings settings = GatewaySettings.defaults();
        GatewayMetrics metrics = new GatewayMetrics(registry);
        MemoryBudget budget = new MemoryBudget(settings.limits().memoryMaxBytes());
        for (EventExecutor executor : eventLoops.group()) {
            loops.add(new Loop(
                    executor,
                    settings,
                    subscriptions,
                    new BareCodec(),
                    metrics,
                    budget,
                    Bench.trackers(),
                    Bench.deliveries(),
                    this::nowMillis));
            pinged.add(new ArrayDeque<>());
        }
    }

    private long nowMillis() {
        return System.nanoTime() / 1_000_000 + skippedMillis.get();
    }

    int size() {
        return addresses.length;
    }

    Topic address(int session) {
        return addresses[session];
    }

    void connect(boolean withSharedTopic) {
        onEveryLoop(number -> {
            Loop loop = loops.get(number);
            for (int i = number; i < addresses.length; i += loops.size()) {
                AnsweringSocket socket = new AnsweringSocket(pinged.get(number), () -> {});
                Session session = new Session(loop, socket, Session.End.NEVER, false, false);
                socket.belongsTo(session);
                Topic address = Topic.of(Address.random());
                addresses[i] = address;
                var _ = loop.hub().subscribe(session, address, null);
                if (withSharedTopic) {
                    var _ = loop.hub().subscribe(session, SHARED, null);
                }
                session.open();
            }
        });
    }

    /** Connects some more, without the shared topic, that tell of each write to them; answers their addresses. */
    List<Topic> addListeners(int count, IntConsumer onWrite) {
        List<Topic> listening =
                Stream.generate(() -> Topic.of(Address.random())).limit(count).toList();
        onEveryLoop(number -> {
            Loop loop = loops.get(number);
            for (int i = number; i < count; i += loops.size()) {
                int listener = i;
                AnsweringSocket socket = new AnsweringSocket(pinged.get(number), () -> onWrite.accept(listener));
                Session session = new Session(loop, socket, Session.End.NEVER, false, false);
                socket.belongsTo(session);
                var _ = loop.hub().subscribe(session, listening.get(i), null);
                session.open();
            }
        });
        return listening;
    }

    /** As the gateway does it with what the broker brings. */
    void offer(Publication publication) {
        for (Loop loop : subscriptions.loopsOf(publication.topic())) {
            if (loop.offer(publication)) {
                loop.wake();
            }
        }
    }

    /** Waits until what was offered to the session's loop is written, where there is nothing else. */
    void await(int session) {
        waitFor(CompletableFuture.runAsync(
                () -> {}, loops.get(session % loops.size()).executor()));
    }

    /** Waits until everything offered is written. */
    void await() {
        boolean[] idle = new boolean[loops.size()];
        do {
            onEveryLoop(number -> idle[number] = loops.get(number).isIdle());
        } while (!all(idle));
    }

    private static boolean all(boolean[] values) {
        for (boolean value : values) {
            if (!value) {
                return false;
            }
        }
        return true;
    }

    /** Frames handed to sockets so far. */
    double deliveries() {
        return registry.get("whimbrel.gateway.deliveries").functionCounter().count();
    }

    /** Goes to a time at which every session is due for a ping, and turns the wheels. */
    void pingAll() {
        skippedMillis.addAndGet(
                GatewaySettings.defaults().timing().pingInterval().toMillis() + 1_000);
        onEveryLoop(number -> loops.get(number).wheel().advance(nowMillis()));
    }

    /** Lets every pinged client answer; answers how many those were. */
    int answerPings() {
        int[] answered = new int[loops.size()];
        onEveryLoop(number -> answered[number] = answerPings(number));
        int sum = 0;
        for (int count : answered) {
            sum += count;
        }
        return sum;
    }

    private int answerPings(int loop) {
        int answered = 0;
        for (AnsweringSocket socket; (socket = pinged.get(loop).poll()) != null; answered++) {
            socket.answer();
        }
        return answered;
    }

    /** From now on heartbeats go by themselves, and are answered. */
    void startHeartbeats() {
        onEveryLoop(number -> {
            Loop loop = loops.get(number);
            loop.start();
            loop.executor()
                    .scheduleAtFixedRate(
                            () -> answerPings(number),
                            Loop.WHEEL_TICK_MILLIS,
                            Loop.WHEEL_TICK_MILLIS,
                            TimeUnit.MILLISECONDS);
        });
    }

    /** How many sessions have not been closed. */
    int sessionsLeft() {
        int[] left = new int[loops.size()];
        onEveryLoop(number -> left[number] = loops.get(number).wheel().size());
        int sum = 0;
        for (int count : left) {
            sum += count;
        }
        return sum;
    }

    private interface OnLoop {
        void run(int number);
    }

    /** Runs it on all loops at once and waits for the last one. */
    private void onEveryLoop(OnLoop task) {
        CompletableFuture<?>[] done = new CompletableFuture<?>[loops.size()];
        for (int i = 0; i < done.length; i++) {
            int number = i;
            done[i] = CompletableFuture.runAsync(
                    () -> task.run(number), loops.get(i).executor());
        }
        waitFor(CompletableFuture.allOf(done));
    }

    private static void waitFor(CompletableFuture<?> done) {
        try {
            done.get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while a loop worked", e);
        } catch (ExecutionException e) {
            throw new IllegalStateException("a loop failed", e.getCause());
        } catch (TimeoutException e) {
            throw new IllegalStateException("a loop did not come back in %d s".formatted(TIMEOUT_SECONDS), e);
        }
    }

    @Override
    public void close() {
        eventLoops.close();
    }
}
