package io.whimbrel.broker.redis;

import static io.whimbrel.broker.BrokerContract.nodes;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.lettuce.core.RedisClient;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import io.netty.channel.EventLoop;
import io.whimbrel.broker.Broker;
import io.whimbrel.broker.BrokerContract;
import io.whimbrel.broker.BrokerUnavailableException;
import io.whimbrel.broker.IdempotencyKey;
import io.whimbrel.broker.Notice;
import io.whimbrel.broker.Published;
import io.whimbrel.broker.PublishedOnce;
import io.whimbrel.broker.RecordingListener;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import io.whimbrel.redis.EmbeddedRedis;
import io.whimbrel.redis.EmbeddedRedisSettings;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** Redis dies, freezes, comes late: each test has one of its own to break. */
class RedisOutageTest {
    private static final Duration SOON = Duration.ofSeconds(15);
    private static final Topic BIRDS = new Topic("birds");

    @TempDir
    private Path folder;

    private final RecordingListener listener = new RecordingListener();
    private final List<Broker> nodes = new ArrayList<>();
    private @Nullable EmbeddedRedis redis;

    @AfterEach
    void stop() {
        nodes.forEach(Broker::close);
        if (redis != null) {
            redis.stop();
        }
    }

    @Test
    void subscriptionsAreRenewedWhenRedisIsBack() throws Exception {
        EmbeddedRedis server = start(0);
        RedisBroker node = ready(server, listener);
        Queue<String> records = new ConcurrentLinkedQueue<>();
        get(node.subscribe(BIRDS));
        node.listen("article", record -> records.add(new String(record, US_ASCII)));
        await().atMost(SOON).until(() -> get(node.publish("article", bytes("before"))) == 1);

        killAndAwaitReturn(server, node);

        assertThat(nodes(node.publish(publication("after", BIRDS)))).isEqualTo(1);
        assertThat(get(node.publish("article", bytes("after")))).isEqualTo(1);
        await().atMost(SOON).until(() -> listener.ids().contains("after"));
        await().atMost(SOON).until(() -> records.contains("after"));
        assertThat(node.counters().reconnects.sum()).isEqualTo(2); // both connections
    }

    @Test
    void startsBeforeRedisAndSaysWhatItWaitsFor() throws Exception {
        int port = FreePorts.next();
        RedisBroker node = join(RedisSettings.of("redis://127.0.0.1:" + port), listener);

        assertThat(node.outage()).isPresent();
        awaitOutage(node, "connecting to redis://127.0.0.1:%d: Connection refused".formatted(port));
        assertThat(failure(node.subscribe(BIRDS))).isInstanceOf(BrokerUnavailableException.class);
        CompletionStage<Published> early = node.publish(publication("early", BIRDS));
        assertThat(early.toCompletableFuture()).isCompletedExceptionally(); // at once, without waiting
        start(port);
        awaitReady(node);

        assertThat(nodes(node.publish(publication("probe", BIRDS)))).isZero(); // no ghost of the failed subscription
        get(node.subscribe(BIRDS));
        assertThat(nodes(node.publish(publication("late", BIRDS)))).isEqualTo(1);
        await().atMost(SOON).until(() -> !listener.received().isEmpty());
        assertThat(listener.ids()).containsExactly("late");
        assertThat(node.counters().reconnects.sum()).isZero();
    }

    @Test
    void aPublicationUnderWayWhenRedisDiesFailsAndIsNotSentLater() throws Exception {
        EmbeddedRedis server = start(0);
        RedisBroker subscriber = ready(server, listener);
        RedisBroker publisher = join(RedisSettings.of(server.uri()).withTimeout(Duration.ofSeconds(60)), NONE);
        awaitReady(publisher);
        get(subscriber.subscribe(BIRDS));

        kill("STOP", server);
        List<CompletionStage<Published>> underWay = IntStream.range(0, 100)
                .mapToObj(i -> publisher.publish(publication("lost-" + i, BIRDS)))
                .toList();
        killAndAwaitReturn(server, subscriber);

        for (CompletionStage<Published> stage : underWay) {
            assertThat(failure(stage)).isInstanceOf(BrokerUnavailableException.class);
        }
        awaitReady(publisher);
        assertThat(nodes(publisher.publish(publication("next", BIRDS)))).isEqualTo(1);
        await().atMost(SOON).until(() -> !listener.received().isEmpty());
        assertThat(listener.ids()).containsExactly("next");
        assertThat(publisher.counters().publishFailures.sum()).isEqualTo(100);
    }

    /** A Redis that does not answer must not make whoever publishes keep all that it is not told. */
    @Test
    void whatIsBeyondTheLimitOfTheQueueIsRefusedAtOnce() throws Exception {
        int limit = 10;
        int count = 100;
        EmbeddedRedis server = start(0);
        RedisBroker node = join(RedisSettings.of(server.uri()).withRequestQueueLimit(limit), listener);
        awaitReady(node);
        get(node.subscribe(BIRDS));

        kill("STOP", server);
        EventLoop loop = node.shards().all().iterator().next().subscriptions().loop();
        CompletableFuture<List<CompletionStage<Published>>> refused = new CompletableFuture<>();
        loop.execute(() -> refused.complete(IntStream.range(0, count) // in one turn, so that nothing comes in between
                .mapToObj(i -> node.publish(publication("many-" + i, BIRDS)))
                .filter(it -> it.toCompletableFuture().isCompletedExceptionally())
                .toList()));
        List<CompletionStage<Published>> beyond = get(refused);
        // Nor is the connection given up for a PING that has no room either.
        await().during(Duration.ofMillis(700))
                .atMost(SOON)
                .until(() -> node.outage().isEmpty());
        kill("CONT", server);

        assertThat(beyond).hasSizeBetween(count - limit, count - 1);
        for (CompletionStage<Published> stage : beyond) {
            assertThat(failure(stage))
                    .isInstanceOf(BrokerUnavailableException.class)
                    .hasMessageContaining("too many commands wait for their answer");
        }
        await().ignoreExceptions().atMost(SOON).until(() -> nodes(node.publish(publication("after", BIRDS))) == 1);
        await().atMost(SOON).until(() -> listener.ids().contains("after"));
    }

    @Test
    void aFrozenRedisIsNoticedAndItsReturnToo() throws Exception {
        EmbeddedRedis server = start(0);
        RedisBroker node = join(RedisSettings.of(server.uri()).withTimeout(Duration.ofMillis(500)), listener);
        awaitReady(node);
        get(node.subscribe(BIRDS));

        kill("STOP", server);
        long start = System.nanoTime();
        Throwable publishing = failure(node.publish(publication("frozen", BIRDS)));
        Duration took = Duration.ofNanos(System.nanoTime() - start);
        Topic fish = new Topic("fish");
        Throwable subscribing = failure(node.subscribe(fish));
        awaitOutage(node, "no answer");
        CompletionStage<Published> known = node.publish(publication("known", BIRDS));
        boolean failedAtOnce = known.toCompletableFuture().isCompletedExceptionally();
        kill("CONT", server);
        awaitReady(node);

        assertThat(publishing).isInstanceOf(BrokerUnavailableException.class).hasMessageContaining("no answer");
        assertThat(took).isBetween(Duration.ofMillis(400), Duration.ofSeconds(8));
        assertThat(subscribing).isInstanceOf(BrokerUnavailableException.class);
        assertThat(failedAtOnce).isTrue();
        assertThat(nodes(node.publish(publication("thawed", BIRDS)))).isEqualTo(1);
        await().atMost(SOON).until(() -> nodes(node.publish(publication("ghost", fish))) == 0);
        assertThat(listener.ids()).contains("thawed").doesNotContain("known", "ghost");
    }

    @Test
    void aConnectionThatIsHalfOpenIsNoticedAndMadeAnew() throws Exception {
        EmbeddedRedis server = start(0);
        try (SwallowingWire wire = new SwallowingWire(server.port())) {
            RedisBroker node = join(RedisSettings.of("redis://127.0.0.1:" + wire.port()), listener);
            awaitReady(node);
            get(node.subscribe(BIRDS));
            assertThat(nodes(node.publish(publication("before", BIRDS)))).isEqualTo(1);
            await().atMost(SOON)
                    .until(() -> listener.ids().contains("before")); // by another connection than the answer

            wire.swallow();
            Throwable publishing = failure(node.publish(publication("swallowed", BIRDS)));
            await().atMost(Duration.ofSeconds(8))
                    .until(() -> node.outage().isPresent()); // 3 s, where nothing else is to be done
            assertThat(node.publish(publication("refused", BIRDS)).toCompletableFuture())
                    .isCompletedExceptionally(); // at once, without waiting
            wire.heal();
            awaitReady(node);

            assertThat(publishing).isInstanceOf(BrokerUnavailableException.class);
            assertThat(nodes(node.publish(publication("after", BIRDS)))).isEqualTo(1);
            await().atMost(SOON).until(() -> listener.ids().contains("after"));
            assertThat(listener.ids()).containsExactly("before", "after");
        }
    }

    @Test
    void whoHeardNothingFindsTheFirstPublicationByItsKey() throws Exception {
        EmbeddedRedis server = start(0);
        RedisBroker node = join(RedisSettings.of(server.uri()).withTimeout(Duration.ofMillis(600)), listener);
        awaitReady(node);
        get(node.subscribe(BIRDS));
        IdempotencyKey key = IdempotencyKey.of("sender", "key", bytes("{}"), Duration.ofMinutes(5));

        kill("STOP", server);
        Throwable late = failure(node.publish(publication("first", BIRDS), key));
        kill("CONT", server); // before the silence that ends the connection: 1.5 s at the least
        await().atMost(SOON).until(() -> failure(node.publish(publication("probe", BIRDS))) == null);
        PublishedOnce repeated = get(node.publish(publication("second", BIRDS), key));

        assertThat(late).isInstanceOf(BrokerUnavailableException.class);
        assertThat(repeated).isEqualTo(new PublishedOnce.Repeat("first", new Published(1, null)));
        await().atMost(SOON).until(() -> listener.ids().contains("probe"));
        assertThat(listener.ids()).containsOnlyOnce("first").doesNotContain("second");
    }

    @Test
    void aSubscriptionAcknowledgedTooLateIsUndone() throws Exception {
        EmbeddedRedis server = start(0);
        RedisBroker node = join(RedisSettings.of(server.uri()).withTimeout(Duration.ofMillis(600)), listener);
        awaitReady(node);

        kill("STOP", server);
        Throwable late = failure(node.subscribe(BIRDS));
        kill("CONT", server); // before the silence that ends the connection: 1.5 s at the least

        assertThat(late).isInstanceOf(BrokerUnavailableException.class);
        await().ignoreExceptions().atMost(SOON).until(() -> {
            Throwable failure = failure(node.publish(publication("probe", BIRDS)));
            return failure == null && nodes(node.publish(publication("probe", BIRDS))) == 0;
        });
        assertThat(node.counters().reconnects.sum()).isZero();
        get(node.subscribe(BIRDS));
        assertThat(nodes(node.publish(publication("after", BIRDS)))).isEqualTo(1);
    }

    @Test
    void whatIsUnsubscribedDuringAnOutageIsNotRenewed() throws Exception {
        EmbeddedRedis server = start(0);
        RedisBroker node = ready(server, listener);
        Topic fish = new Topic("fish");
        get(node.subscribe(BIRDS));
        get(node.subscribe(fish));

        int port = server.port();
        server.stop();
        awaitOutage(node, "");
        node.unsubscribe(BIRDS);
        assertThat(failure(node.subscribe(fish))).isInstanceOf(BrokerUnavailableException.class);
        start(port);
        awaitReady(node);

        assertThat(nodes(node.publish(publication("birds", BIRDS)))).isZero();
        assertThat(nodes(node.publish(publication("fish", fish)))).isEqualTo(1); // it was subscribed before
    }

    @Test
    void noticesPostedWhileANodeWasCutOffAreHeardWhenItIsBack() throws Exception {
        EmbeddedRedis server = start(0);
        RedisBroker node = ready(server, NONE);
        Queue<Notice> heard = new ConcurrentLinkedQueue<>();
        get(node.notices().hear("tide", heard::add));
        Notice missed = new Notice("tide", "here", "high tide", System.currentTimeMillis() + 60_000);

        tell(server, "HSET whimbrel:notices:{tide}:h here \"%d high tide\"".formatted(missed.untilMillis()));
        assertThat(heard).isEmpty();
        tell(server, "CLIENT KILL TYPE pubsub");

        await().pollInterval(Duration.ofMillis(5)).atMost(SOON).until(() -> heard.contains(missed));
        await().atMost(SOON).until(() -> node.counters().reconnects.sum() == 1);
    }

    @Test
    void noticesAreReadOnceRedisComes() throws Exception {
        int port = FreePorts.next();
        RedisBroker node = join(RedisSettings.of("redis://127.0.0.1:" + port), NONE);
        Queue<Notice> heard = new ConcurrentLinkedQueue<>();
        awaitOutage(node, "Connection refused");

        CompletionStage<Void> hearing = node.notices().hear("tide", heard::add);
        assertThat(hearing.toCompletableFuture()).isNotDone();
        start(port);
        get(hearing);
        get(node.notices().post(new Notice("tide", "here", "high", System.currentTimeMillis() + 60_000)));

        await().atMost(SOON).until(() -> !heard.isEmpty());
    }

    @Test
    void aHundredThousandTopicsAreRenewedWithinSeconds() throws Exception {
        int count = 100_000;
        EmbeddedRedis server = start(0);
        RedisBroker node = ready(server, listener);
        int atOnce = 5_000;
        for (int from = 0; from < count; from += atOnce) {
            CompletableFuture<?>[] subscribing = IntStream.range(from, from + atOnce)
                    .mapToObj(i -> node.subscribe(new Topic("topic-" + i)).toCompletableFuture())
                    .toArray(CompletableFuture[]::new);
            CompletableFuture.allOf(subscribing).get(30, TimeUnit.SECONDS);
        }

        long start = System.nanoTime();
        killAndAwaitReturn(server, node);
        Duration took = Duration.ofNanos(System.nanoTime() - start);

        for (int i = 0; i < count; i += 2_499) {
            assertThat(nodes(node.publish(publication("id-" + i, new Topic("topic-" + i)))))
                    .isEqualTo(1);
        }
        assertThat(nodes(node.publish(publication("last", new Topic("topic-" + (count - 1))))))
                .isEqualTo(1);
        assertThat(took).isLessThan(Duration.ofSeconds(10));
        LoggerFactory.getLogger(getClass())
                .info("{} topics were renewed {} ms after Redis was killed", count, took.toMillis());
    }

    @Test
    void aFullRedisTakesNothingAndSaysSo() throws Exception {
        EmbeddedRedis server = start(0);
        RedisBroker node = ready(server, listener);

        redis(server, it -> it.configSet("maxmemory", "1"));
        awaitOutage(node, "takes no messages: Redis refused (OOM)");
        assertThat(failure(node.publish(publication("refused", BIRDS)))).hasMessageContaining("OOM");

        redis(server, it -> it.configSet("maxmemory", "0"));
        awaitReady(node);
        get(node.subscribe(BIRDS));
        assertThat(nodes(node.publish(publication("taken", BIRDS)))).isEqualTo(1);
        assertThat(node.counters().reconnects.sum()).isZero();
    }

    @Test
    void aRedisThatLacksReplicasTakesNothingAndSaysSo() throws Exception {
        EmbeddedRedis server = start(0);
        RedisBroker node = ready(server, listener);
        get(node.subscribe(BIRDS));

        redis(server, it -> it.configSet("min-replicas-to-write", "1"));
        awaitOutage(node, "takes no messages: Redis refused (NOREPLICAS)");
        assertThat(failure(node.publish(publication("refused", BIRDS))))
                .isInstanceOf(BrokerUnavailableException.class)
                .hasMessageContaining("NOREPLICAS");

        redis(server, it -> it.configSet("min-replicas-to-write", "0"));
        awaitReady(node);
        assertThat(nodes(node.publish(publication("taken", BIRDS)))).isEqualTo(1);
        await().atMost(SOON).until(() -> listener.ids().equals(List.of("taken")));
    }

    @Test
    void aRedisThatCannotSaveTakesNothingAndSaysSo() throws Exception {
        EmbeddedRedis server = start(0);
        RedisBroker node = ready(server, listener);
        get(node.subscribe(BIRDS));
        Path inTheWay = Path.of(
                redis(server, it -> it.configGet("dir")).get("dir"),
                redis(server, it -> it.configGet("dbfilename")).get("dbfilename"));

        Files.createDirectory(inTheWay);
        redis(server, it -> it.configSet("save", "3600 1"));
        redis(server, RedisCommands::bgsave);
        awaitOutage(node, "takes no messages: Redis refused (MISCONF)");
        assertThat(failure(node.publish(publication("refused", BIRDS))))
                .isInstanceOf(BrokerUnavailableException.class)
                .hasMessageContaining("MISCONF");

        Files.delete(inTheWay);
        redis(server, RedisCommands::bgsave);
        awaitReady(node);
        assertThat(nodes(node.publish(publication("taken", BIRDS)))).isEqualTo(1);
        await().atMost(SOON).until(() -> listener.ids().equals(List.of("taken")));
    }

    /** PUBLISH would succeed there, and reach nobody. */
    @Test
    void aRedisThatBecomesAReplicaTakesNothing() throws Exception {
        EmbeddedRedis server = start(0);
        RedisBroker node = ready(server, listener);
        get(node.subscribe(BIRDS));

        redis(server, it -> it.replicaof("127.0.0.1", 1));
        assertThat(failure(node.publish(publication("refused", BIRDS)))).isInstanceOf(BrokerUnavailableException.class);
        awaitOutage(node, "it is a replica, which takes no writes");

        redis(server, RedisCommands::replicaofNoOne);
        awaitReady(node);
        assertThat(nodes(node.publish(publication("taken", BIRDS)))).isEqualTo(1);
    }

    /** Everything is connected and answers, and yet nothing comes. */
    @Test
    void deliveriesThatDoNotFlowAreNoticedAndMadeToFlow() throws Exception {
        EmbeddedRedis server = start(0);
        RedisBroker node = ready(server, listener);
        get(node.subscribe(BIRDS));

        long start = System.nanoTime();
        loseSubscriptions(server, node);
        await().pollInterval(Duration.ofMillis(2))
                .atMost(SOON)
                .until(() -> node.counters().probeFailures.sum() > 0);
        Duration noticed = Duration.ofNanos(System.nanoTime() - start);

        assertThat(noticed).isLessThan(Duration.ofSeconds(8)); // 3 s by itself, where nothing else is to be done
        awaitReady(node);
        assertThat(nodes(node.publish(publication("taken", BIRDS)))).isEqualTo(1);
        await().atMost(SOON).until(() -> node.counters().reconnects.sum() >= 2);
    }

    /** However many probes are lost meanwhile, and whatever is found to be the reason. */
    @Test
    void eachOutageOfDeliveriesIsLoggedOnceAndItsEndToo() throws Exception {
        ListAppender<ILoggingEvent> logged = new ListAppender<>();
        logged.list = new CopyOnWriteArrayList<>(); // it is read while it grows
        Logger logger = (Logger) LoggerFactory.getLogger(Probe.class);
        logged.start();
        logger.addAppender(logged);
        try {
            EmbeddedRedis server = start(0);
            RedisBroker node = ready(server, listener);
            await().atMost(SOON).until(() -> node.notReady().isEmpty());

            loseSubscriptions(server, node);
            await().atMost(SOON).until(() -> count(logged, Level.INFO, "Deliveries flow again") == 1);
            redis(server, it -> it.configSet("maxmemory", "1"));
            await().atMost(SOON).until(() -> refusals(server, "OOM") > 3); // one a second
            redis(server, it -> it.configSet("maxmemory", "0"));
            await().atMost(SOON).until(() -> count(logged, Level.INFO, "Deliveries flow again") == 2);

            assertThat(count(logged, Level.WARN, "Deliveries do not flow")).isEqualTo(2);
            assertThat(count(logged, Level.INFO, "Deliveries flow again")).isEqualTo(2);
        } finally {
            logger.detachAppender(logged);
        }
    }

    private static long count(ListAppender<ILoggingEvent> logged, Level level, String words) {
        return logged.list.stream()
                .filter(event ->
                        event.getLevel() == level && event.getFormattedMessage().startsWith(words))
                .count();
    }

    /** Answers how often Redis has refused a command so. */
    private static int refusals(EmbeddedRedis server, String code) {
        Matcher matcher = Pattern.compile("errorstat_%s:count=(\\d+)".formatted(code))
                .matcher(redis(server, it -> it.info("errorstats")));
        return matcher.find() ? Integer.parseInt(matcher.group(1)) : 0;
    }

    /** As many are there as before, so that the count says nothing. */
    private static void loseSubscriptions(EmbeddedRedis server, RedisBroker node) {
        String[] channels = redis(server, RedisCommands::pubsubChannels).toArray(String[]::new);
        var commands = subscriber(node).async();
        commands.unsubscribe(channels);
        commands.subscribe(IntStream.range(0, channels.length)
                .mapToObj("decoy-%d"::formatted)
                .toArray(String[]::new));
    }

    /** All is well but for one topic. */
    @Test
    void aSubscriptionThatRedisDoesNotHaveIsMadeAgain() throws Exception {
        EmbeddedRedis server = start(0);
        RedisBroker node = ready(server, listener);
        get(node.subscribe(BIRDS));
        String channel = TopicKeys.channel(RedisSettings.DEFAULT_KEY_PREFIX, BIRDS);

        subscriber(node).sync().unsubscribe(channel);
        assertThat(nodes(node.publish(publication("missed", BIRDS)))).isZero();

        await().atMost(SOON).until(() -> node.counters().reconnects.sum() == 1);
        assertThat(node.counters().subscriptionsMissing.sum()).isEqualTo(1);
        assertThat(nodes(node.publish(publication("heard", BIRDS)))).isEqualTo(1);
        await().atMost(SOON).until(() -> listener.ids().contains("heard"));
    }

    private static StatefulRedisPubSubConnection<String, byte[]> subscriber(RedisBroker node) {
        return requireNonNull(
                node.shards().all().iterator().next().subscriptions().link().connection());
    }

    /** Who may publish in this Redis must not be able to prove what is not so. */
    @Test
    void aProbeThatThisNodeDidNotSendProvesNothing() throws Exception {
        EmbeddedRedis server = start(0);
        RedisBroker node = ready(server, listener);
        String channel =
                redis(server, it -> it.pubsubChannels("whimbrel:probe:*")).getFirst();
        BlockingQueue<byte[]> sent = new LinkedBlockingQueue<>();

        try (RedisClient client = RedisClient.create(server.uri());
                StatefulRedisPubSubConnection<byte[], byte[]> spy = client.connectPubSub(ByteArrayCodec.INSTANCE);
                StatefulRedisConnection<byte[], byte[]> forger = client.connect(ByteArrayCodec.INSTANCE)) {
            spy.addListener(new RedisPubSubAdapter<>() {
                @Override
                public void message(byte[] from, byte[] message) {
                    sent.add(message);
                }
            });
            spy.sync().subscribe(bytes(channel));
            byte[] own = sent.take();
            sent.take(); // so the first has come back
            byte[] later = own.clone();
            later[Long.BYTES] = 1; // of its number the highest byte
            byte[] ofAnother = own.clone();
            ofAnother[0]++;
            List<byte[]> forged = List.of(own, later, ofAnother, bytes("7"), new byte[0], new byte[own.length]);
            for (byte[] message : forged) {
                forger.sync().publish(bytes(channel), message);
            }
            await().atMost(SOON).until(() -> node.counters().malformed.sum() == forged.size());
        }
        assertThat(node.notReady()).isEmpty();
    }

    @Test
    void scriptsThatWereForgottenAreSentAgain() throws Exception {
        EmbeddedRedis server = start(0);
        RedisBroker node = ready(server, listener);

        redis(server, RedisCommands::scriptFlush);

        assertThat(nodes(node.publish(publication("id", BIRDS)))).isZero();
        assertThat(node.outage()).isEmpty();
    }

    private static <T> T redis(EmbeddedRedis server, Function<RedisCommands<String, String>, T> work) {
        try (RedisClient client = RedisClient.create(server.uri())) {
            return work.apply(client.connect().sync());
        }
    }

    @Test
    void theNodeThatOnlyPublishesComesBackToo() throws Exception {
        EmbeddedRedis server = start(0);
        RedisBroker node = ready(server, NONE);

        killAndAwaitReturn(server, node);

        assertThat(nodes(node.publish(publication("id", BIRDS)))).isZero();
        assertThat(node.counters().reconnects.sum()).isEqualTo(2); // it sends itself probes, which come by the second
    }

    @Test
    void aRefusalIsToldWithoutTheCredentials() throws Exception {
        ListAppender<ILoggingEvent> logged = new ListAppender<>();
        Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        logged.start();
        root.addAppender(logged);
        try {
            EmbeddedRedis server = start(0);
            RedisBroker node =
                    join(RedisSettings.of("redis://whimbrel:s3cret-word@127.0.0.1:" + server.port()), listener);

            awaitOutage(node, "WRONGPASS");
            Throwable failure = failure(node.publish(publication("id", BIRDS)));

            assertThat(node.outage().orElse("")).doesNotContain("s3cret-word");
            assertThat(failure).isInstanceOf(BrokerUnavailableException.class).hasMessageNotContaining("s3cret-word");
            assertThat(List.copyOf(logged.list))
                    .isNotEmpty()
                    .allSatisfy(event -> assertThat(event.getFormattedMessage() + event.getThrowableProxy())
                            .doesNotContain("s3cret-word"));
        } finally {
            root.detachAppender(logged);
        }
    }

    @Test
    void closingWhileRedisIsAwayIsBounded() throws Exception {
        RedisBroker node = join(RedisSettings.of("redis://127.0.0.1:" + FreePorts.next()), listener);
        awaitOutage(node, "Connection refused");

        long start = System.nanoTime();
        node.close();

        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(8));
        assertThat(node.outage()).contains("the broker is closed");
    }

    private static final Broker.Listener NONE = Broker.Listener.NONE;

    private EmbeddedRedis start(int port) {
        EmbeddedRedis started = EmbeddedRedis.start(
                EmbeddedRedisSettings.in(folder.resolve("redis")).withPort(port));
        redis = started;
        return started;
    }

    private RedisBroker join(RedisSettings settings, Broker.Listener nodeListener) {
        RedisBroker node = RedisBroker.connect(settings, nodeListener);
        nodes.add(node);
        return node;
    }

    private RedisBroker ready(EmbeddedRedis server, Broker.Listener nodeListener) {
        RedisBroker node = join(RedisSettings.of(server.uri()), nodeListener);
        awaitReady(node);
        return node;
    }

    private static void awaitReady(RedisBroker node) {
        await().atMost(SOON).until(() -> node.outage().isEmpty());
    }

    /** Redis is started again so soon that the outage itself might not be seen. */
    private static void killAndAwaitReturn(EmbeddedRedis server, RedisBroker node) throws Exception {
        long before = node.counters().reconnects.sum();
        kill("KILL", server);
        await().pollInterval(Duration.ofMillis(2))
                .atMost(SOON)
                .until(() -> node.counters().reconnects.sum() >= before + 2); // for commands and for subscriptions
        awaitReady(node);
    }

    private static void awaitOutage(RedisBroker node, String words) {
        await().pollInterval(Duration.ofMillis(2))
                .atMost(SOON)
                .until(() -> node.outage().filter(it -> it.contains(words)).isPresent());
    }

    private static Publication publication(String id, Topic topic) {
        return BrokerContract.publication(id, topic);
    }

    private static <T> T get(CompletionStage<T> stage) throws Exception {
        return BrokerContract.get(stage);
    }

    private static @Nullable Throwable failure(CompletionStage<?> stage) throws Exception {
        return BrokerContract.failure(stage);
    }

    private static void kill(String signal, EmbeddedRedis server) throws Exception {
        Process kill = new ProcessBuilder("kill", "-" + signal, Long.toString(server.pid())).start();
        assertThat(kill.waitFor(10, TimeUnit.SECONDS)).isTrue();
        assertThat(kill.exitValue()).isZero();
    }

    /** A command in the form one types. */
    private static void tell(EmbeddedRedis server, String command) throws Exception {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            socket.getOutputStream().write(bytes(command + "\r\n"));
            assertThat((char) socket.getInputStream().read()).isEqualTo(':');
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(US_ASCII);
    }
}
