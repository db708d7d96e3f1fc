package io.whimbrel.broker.redis;

import static java.util.Objects.requireNonNull;
import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.lettuce.core.RedisClient;
import io.lettuce.core.api.sync.RedisCommands;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.local.LocalIoHandler;
import io.netty.channel.nio.NioIoHandler;
import io.whimbrel.broker.Broker;
import io.whimbrel.broker.BrokerContract;
import io.whimbrel.broker.History;
import io.whimbrel.broker.Hop;
import io.whimbrel.broker.IdempotencyKey;
import io.whimbrel.broker.Outcome;
import io.whimbrel.broker.Published;
import io.whimbrel.broker.Receipts;
import io.whimbrel.broker.RecordingListener;
import io.whimbrel.broker.Traces;
import io.whimbrel.model.Position;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import io.whimbrel.model.Tracking;
import io.whimbrel.redis.EmbeddedRedis;
import io.whimbrel.redis.EmbeddedRedisSettings;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** On a real Redis that stays up; what happens when it does not is in {@link RedisOutageTest}. */
class RedisBrokerTest extends BrokerContract {
    private static final Duration SOON = Duration.ofSeconds(10);
    private static final Topic BIRDS = new Topic("birds");
    private static final Topic KEPT = new Topic("kept");

    @TempDir
    private static Path folder;

    private static EmbeddedRedis redis;

    private final String prefix = "test-" + UUID.randomUUID();

    @BeforeAll
    static void startRedis() {
        redis = EmbeddedRedis.start(
                EmbeddedRedisSettings.in(folder.resolve("redis")).withPort(0));
    }

    @AfterAll
    static void stopRedis() {
        redis.stop();
    }

    @Override
    protected Broker join(Broker.Listener listener) {
        return RedisBroker.connect(settings(), listener);
    }

    @Override
    protected void loseEverything() {
        commands(RedisCommands::flushall);
    }

    private static <T> T commands(Function<RedisCommands<String, String>, T> work) {
        try (RedisClient client = RedisClient.create(redis.uri())) {
            return work.apply(client.connect().sync());
        }
    }

    @Override
    protected void fill(String kind, int count, long untilMillis) throws Exception {
        String key = "%s:notices:{%s}:".formatted(prefix, kind);
        int atOnce = 2_000; // so that others have their turn
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), redis.port())) {
            for (int from = 1; from <= count; from += atOnce) {
                String command = "EVAL \"for i = " + from + ", " + Math.min(from + atOnce - 1, count)
                        + " do redis.call('HSET', KEYS[1], 'filled-' .. i, ARGV[1] .. ' ')"
                        + " redis.call('ZADD', KEYS[2], ARGV[1], 'filled-' .. i) end\" 2 "
                        + key + "h " + key + "e " + untilMillis + "\r\n";
                socket.getOutputStream().write(command.getBytes(StandardCharsets.US_ASCII));
                assertThat(new String(socket.getInputStream().readNBytes(5), StandardCharsets.US_ASCII))
                        .isEqualTo("$-1\r\n");
            }
        }
    }

    private RedisSettings settings() {
        return RedisSettings.of(redis.uri()).withKeyPrefix(prefix).withHistory(RULES);
    }

    @Test
    void isSettledOnceItIsConnected() throws Exception {
        try (RedisBroker node = RedisBroker.connect(settings(), new RecordingListener())) {
            get(node.settled());

            assertThat(node.outage()).isEmpty();
        }
    }

    @Test
    void isSettledOnceTheFirstAttemptHasFailed() throws Exception {
        RedisSettings nowhere = RedisSettings.of("redis://127.0.0.1:1");
        try (RedisBroker node = RedisBroker.connect(nowhere, new RecordingListener())) {
            get(node.settled());

            assertThat(node.outage()).hasValueSatisfying(why -> assertThat(why).contains("connecting to"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "hello", "2 id 1 -\n{}", "1 id 1\n{}", "{\"message\":1}"})
    void aMessageInAnotherFormIsCountedAndDropped(String message) throws Exception {
        RecordingListener listener = new RecordingListener();
        try (RedisBroker node = connected(RedisBroker.connect(settings(), listener))) {
            get(node.subscribe(BIRDS));

            int count = get(node.publish(prefix + ":{birds}", message.getBytes(StandardCharsets.UTF_8)));
            nodes(node.publish(publication("good", BIRDS)));

            await().atMost(SOON).until(() -> !listener.received().isEmpty());
            assertThat(count).isEqualTo(1);
            assertThat(listener.ids()).containsExactly("good");
            assertThat(node.counters().malformed.sum()).isEqualTo(1);
            assertThat(node.counters().received.sum()).isEqualTo(1);
        }
    }

    @Test
    void nothingIsLeftInRedisForEver() throws Exception {
        Publication asking = publication("asking", KEPT).tracked(new Tracking(true, null, false, null));
        try (RedisBroker node = connected(RedisBroker.connect(settings(), new RecordingListener()))) {
            get(node.receipts().open(asking));
            Published published = get(node.publish(asking));
            get(node.receipts().settle("asking", published));
            get(node.receipts().report(List.of(new Receipts.Count("asking", "node", null, 1, 1, 0))));
            get(node.receipts().report(List.of(new Receipts.Count("unheard-of", "node", null, 1, 1, 0))));
            get(node.moveCursors(Map.of(KEPT, requireNonNull(published.position()))));
            get(node.history(new Topic("kept, but only read"), 0, 1));
            get(node.publish(
                    publication("once", BIRDS),
                    IdempotencyKey.of("sender", "key", new byte[0], Duration.ofMinutes(5))));

            Map<String, Long> lives = commands(redis -> redis.keys(prefix + "*").stream()
                    .collect(toMap(key -> key.substring(key.lastIndexOf('}') + 1), redis::pttl, Math::min)));

            assertThat(lives).hasSize(5);
            assertThat(lives.values()).allSatisfy(millis -> assertThat(millis).isPositive());
        }
    }

    @Test
    void aStreamWhoseTopicWasForgottenIsForgottenToo() throws Exception {
        try (RedisBroker node = connected(RedisBroker.connect(settings(), new RecordingListener()))) {
            Position before =
                    requireNonNull(get(node.publish(publication("one", KEPT))).position());
            get(node.publish(publication("two", KEPT)));
            commands(redis -> redis.del(TopicKeys.meta(prefix, KEPT)));

            Map<Topic, Position> none = get(node.tops(List.of(KEPT))).positions();
            get(node.moveCursors(Map.of(KEPT, before)));
            Published after = get(node.publish(publication("three", KEPT)));

            assertThat(none).isEmpty();
            assertThat(requireNonNull(after.position()).epoch()).isNotEqualTo(before.epoch());
            History history = get(node.inbox(KEPT, 10));
            assertThat(history.top()).isEqualTo(after.position());
            assertThat(history.publications()).extracting(Publication::id).containsExactly("three");
        }
    }

    @Test
    void aTopicWhoseStreamWasEvictedGoesOn() throws Exception {
        try (RedisBroker node = connected(RedisBroker.connect(settings(), new RecordingListener()))) {
            Position before =
                    requireNonNull(get(node.publish(publication("one", KEPT))).position());
            commands(redis -> redis.del(TopicKeys.stream(prefix, KEPT)));

            History empty = get(node.latest(KEPT));
            Published after = get(node.publish(publication("two", KEPT)));

            assertThat(empty.top()).isEqualTo(before);
            assertThat(empty.publications()).isEmpty();
            assertThat(after.position()).isEqualTo(before.at(2));
            assertThat(get(node.latest(KEPT)).publications())
                    .extracting(Publication::id)
                    .containsExactly("two");
        }
    }

    @Test
    void offsetsAreExactAsFarAsNumbersInRedisScriptsAre() throws Exception {
        long most = (1L << 53) - 2;
        try (RedisBroker node = connected(RedisBroker.connect(settings(), new RecordingListener()))) {
            Position first =
                    requireNonNull(get(node.publish(publication("one", KEPT))).position());
            commands(redis -> redis.hset(TopicKeys.meta(prefix, KEPT), "o", Long.toString(most - 1)));

            Position far =
                    requireNonNull(get(node.publish(publication("far", KEPT))).position());
            get(node.moveCursors(Map.of(KEPT, first.at(most - 1))));
            get(node.moveCursors(Map.of(KEPT, first.at(most + 1))));
            get(node.moveCursors(Map.of(KEPT, first.at(Long.MAX_VALUE))));

            assertThat(far).isEqualTo(first.at(most));
            assertThat(get(node.latest(KEPT)).after()).isEqualTo(most - 1);
            History inbox = get(node.inbox(KEPT, 10));
            assertThat(inbox.after()).isEqualTo(most - 1);
            assertThat(inbox.publications()).extracting(Publication::id).containsExactly("far");
        }
    }

    @Test
    void anotherPrefixIsAnotherWorld() throws Exception {
        try (RedisBroker node = connected(RedisBroker.connect(settings(), new RecordingListener()));
                RedisBroker stranger =
                        connected(RedisBroker.connect(settings().withKeyPrefix("other"), Broker.Listener.NONE))) {
            get(node.subscribe(BIRDS));

            assertThat(nodes(stranger.publish(publication("id", BIRDS)))).isZero();
        }
    }

    @Test
    void tracesAreForgottenAfterTheirTime() throws Exception {
        try (RedisBroker node = connected(RedisBroker.connect(settings(), Broker.Listener.NONE));
                RedisClient client = RedisClient.create(redis.uri())) {
            Hop hop = new Hop(1, "web", Outcome.ACCEPTED, "");
            get(node.traces().append(List.of(new Traces.Leg("id", BIRDS, null, null, true, List.of(hop)))));

            var commands = client.connect().sync();
            long most = Traces.KEPT_FOR.toMillis();
            assertThat(commands.pttl(prefix + ":{id}:t")).isBetween(most - 60_000, most);
            assertThat(commands.pttl(prefix + ":{birds}:i")).isBetween(most - 60_000, most);
        }
    }

    @Test
    void aNodeMadeToPublishOnlyCanStillBeAskedToSubscribe() throws Exception {
        try (RedisBroker node = connected(RedisBroker.connect(settings(), Broker.Listener.NONE))) {
            get(node.subscribe(BIRDS));

            assertThat(nodes(node.publish(publication("id", BIRDS)))).isEqualTo(1);
        }
    }

    /** As the Redis client chooses it. */
    private static IoHandlerFactory handler() {
        return Epoll.isAvailable() ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
    }

    @Test
    void runsOnTheEventLoopsItWasGivenAndLeavesThemRunning() throws Exception {
        AtomicReference<String> thread = new AtomicReference<>("");
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(
                2, Thread.ofPlatform().name("gateway-", 0).factory(), handler());
        try {
            try (RedisBroker node = connected(RedisBroker.connect(settings(), group, _ -> thread.set(name())))) {
                get(node.subscribe(BIRDS));
                nodes(node.publish(publication("id", BIRDS)));
                await().atMost(SOON).until(() -> !thread.get().isEmpty());
            }

            assertThat(thread.get()).startsWith("gateway-");
            assertThat(group.isShuttingDown()).isFalse();
            assertThat(get(CompletableFuture.supplyAsync(() -> 1, group.next())))
                    .isEqualTo(1);
        } finally {
            assertThat(group.shutdownGracefully(0, 5, TimeUnit.SECONDS).await(10, TimeUnit.SECONDS))
                    .isTrue();
        }
    }

    @Test
    void whoPublishesOnAnEventLoopIsAnsweredOnItAndKeepsItsOrder() throws Exception {
        int each = 500;
        RecordingListener listener = new RecordingListener();
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(3, handler());
        try (RedisBroker receiver = connected(RedisBroker.connect(settings(), listener));
                RedisBroker node = connected(RedisBroker.connect(settings(), group, Broker.Listener.NONE))) {
            get(receiver.subscribe(BIRDS));
            List<EventLoop> loops = loopsOf(group);
            Queue<Boolean> answeredHere = new ConcurrentLinkedQueue<>();

            for (EventLoop loop : loops) {
                String name = loops.indexOf(loop) + "-";
                loop.execute(() -> IntStream.range(0, each)
                        .forEach(i -> node.publish(publication(name + i, BIRDS))
                                .whenComplete((_, _) -> answeredHere.add(loop.inEventLoop()))));
            }

            await().atMost(SOON).until(() -> answeredHere.size() == loops.size() * each);
            await().atMost(SOON).until(() -> listener.received().size() == loops.size() * each);
            assertThat(answeredHere).doesNotContain(false);
            for (int loop = 0; loop < loops.size(); loop++) {
                String name = loop + "-";
                assertThat(listener.ids().stream().filter(id -> id.startsWith(name)))
                        .containsExactlyElementsOf(
                                IntStream.range(0, each).mapToObj(i -> name + i).toList());
            }
        } finally {
            assertThat(group.shutdownGracefully(0, 5, TimeUnit.SECONDS).await(10, TimeUnit.SECONDS))
                    .isTrue();
        }
    }

    private static List<EventLoop> loopsOf(EventLoopGroup group) {
        List<EventLoop> loops = new ArrayList<>();
        group.forEach(executor -> loops.add((EventLoop) executor));
        return loops;
    }

    @Test
    void eventLoopsOfAnotherTransportAreNotUsed() throws Exception {
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, LocalIoHandler.newFactory());
        try (RedisBroker node = connected(RedisBroker.connect(settings(), group, new RecordingListener()))) {
            get(node.subscribe(BIRDS));

            assertThat(nodes(node.publish(publication("id", BIRDS)))).isEqualTo(1);
        } finally {
            assertThat(group.shutdownGracefully(0, 5, TimeUnit.SECONDS).await(10, TimeUnit.SECONDS))
                    .isTrue();
        }
    }

    @Test
    void closingFromItsOwnThreadDoesNotWaitForItself() throws Exception {
        AtomicReference<Duration> took = new AtomicReference<>(Duration.ZERO);
        AtomicReference<RedisBroker> self = new AtomicReference<>();
        RedisBroker node = connected(RedisBroker.connect(settings(), _ -> {
            long start = System.nanoTime();
            self.get().close();
            took.set(Duration.ofNanos(System.nanoTime() - start));
        }));
        self.set(node);
        get(node.subscribe(BIRDS));

        var _ = node.publish(publication("id", BIRDS));

        await().atMost(SOON).until(() -> took.get().isPositive());
        assertThat(took.get()).isLessThan(Duration.ofSeconds(1));
    }

    @Test
    void aClosedBrokerLeavesNoThread() throws Exception {
        RedisBroker node = connected(RedisBroker.connect(settings(), new RecordingListener()));

        long start = System.nanoTime();
        node.close();

        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(8));
        await().atMost(SOON)
                .until(() -> Thread.getAllStackTraces().keySet().stream()
                        .noneMatch(it -> it.getName().startsWith("redis-broker")));
    }

    private static RedisBroker connected(RedisBroker node) {
        await().atMost(SOON).until(() -> node.outage().isEmpty());
        return node;
    }

    private static String name() {
        return Thread.currentThread().getName();
    }
}
