package io.whimbrel.broker.redis;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.lettuce.core.RedisClient;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.cluster.SlotHash;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.codec.RedisCodec;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.output.StatusOutput;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import io.lettuce.core.resource.DefaultEventLoopGroupProvider;
import io.lettuce.core.resource.Transports;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.EventExecutor;
import io.whimbrel.broker.Broker;
import io.whimbrel.broker.BrokerContract;
import io.whimbrel.broker.BrokerCounters;
import io.whimbrel.broker.BrokerUnavailableException;
import io.whimbrel.broker.HistoryRules;
import io.whimbrel.broker.IdempotencyKey;
import io.whimbrel.broker.PublishedOnce;
import io.whimbrel.broker.RecordingListener;
import io.whimbrel.broker.Retention;
import io.whimbrel.broker.Tops;
import io.whimbrel.model.Position;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import io.whimbrel.model.TopicPattern;
import io.whimbrel.model.Tracking;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** On a real Redis Cluster of three shards, whose slots move. */
class ClusterBrokerTest extends BrokerContract {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final Duration NEVER = Duration.ofDays(1);

    @TempDir
    private static Path folder;

    private static RedisCluster cluster;

    private final String prefix = "test-" + UUID.randomUUID();

    @BeforeAll
    static void startRedis() throws IOException {
        cluster = RedisCluster.start(folder, 3, false);
    }

    @AfterAll
    static void stopRedis() {
        cluster.close();
    }

    @Override
    protected Broker join(Broker.Listener listener) {
        return RedisBroker.connect(settings(), listener);
    }

    @Override
    protected void loseEverything() {
        cluster.primaries.forEach(node -> node.commands().flushall());
    }

    @Override
    protected void fill(String kind, int count, long untilMillis) {
        String key = "%s:notices:{%s}:".formatted(prefix, kind);
        RedisCommands<String, String> commands =
                cluster.ownerOf(SlotHash.getSlot(key)).commands();
        int atOnce = 2_000; // so that others have their turn
        for (int from = 1; from <= count; from += atOnce) {
            commands.eval(
                    "for i = " + from + ", " + Math.min(from + atOnce - 1, count)
                            + " do redis.call('HSET', KEYS[1], 'filled-' .. i, ARGV[1] .. ' ')"
                            + " redis.call('ZADD', KEYS[2], ARGV[1], 'filled-' .. i) end",
                    ScriptOutputType.STATUS,
                    new String[] {key + "h", key + "e"},
                    Long.toString(untilMillis));
        }
    }

    private RedisSettings settings() {
        return RedisSettings.of(cluster.uri()).withKeyPrefix(prefix).withHistory(RULES);
    }

    private RedisBroker ready(Broker.Listener listener) {
        return ready(RedisBroker.connect(settings(), listener));
    }

    private static RedisBroker ready(RedisBroker node) {
        await().atMost(SOON).untilAsserted(() -> assertThat(node.outage()).isEmpty());
        return node;
    }

    @Test
    void aTopicOnEachShardIsDelivered() throws Exception {
        RecordingListener listener = new RecordingListener();
        try (RedisBroker node = ready(listener)) {
            List<Topic> topics = new ArrayList<>();
            for (int i = 0; i < 60; i++) {
                topics.add(new Topic("topic-" + i));
            }
            for (Topic topic : topics) {
                get(node.subscribe(topic));
            }
            for (Topic topic : topics) {
                assertThat(get(node.publish(publication(topic.name(), topic))).nodes())
                        .isEqualTo(1);
            }
            await().atMost(SOON).until(() -> listener.ids().size() == topics.size());
        }
    }

    /** However many topics there are. */
    @Test
    void connectionsAreAsManyAsThereAreNodesAndEventLoops() throws Exception {
        RecordingListener listener = new RecordingListener();
        EventLoopGroup twoLoops = new DefaultEventLoopGroupProvider(2).allocate(Transports.eventLoopGroupClass());
        Map<RedisCluster.Node, Set<String>> before = new HashMap<>();
        cluster.primaries.forEach(
                primary -> before.put(primary, clients(primary).keySet()));
        try (RedisBroker gateway = ready(listener);
                RedisBroker publisher = ready(RedisBroker.connect(settings(), twoLoops, Broker.Listener.NONE))) {
            for (int i = 0; i < 60; i++) {
                Topic topic = new Topic("many-" + i);
                get(gateway.subscribe(topic));
                for (EventExecutor loop : twoLoops) {
                    loop.submit(() -> publisher.publish(publication("id", topic)))
                            .sync();
                }
            }
            await().atMost(SOON).until(() -> listener.ids().size() == 2 * 60);

            for (RedisCluster.Node primary : cluster.primaries) {
                Map<String, Boolean> since = clients(primary);
                since.keySet().removeAll(requireNonNull(before.get(primary)));
                assertThat(since.values().stream().filter(hears -> hears)).hasSize(1 + 1);
                assertThat(since.values().stream().filter(hears -> !hears)).hasSize(1 + 2);
            }
        } finally {
            twoLoops.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
        }
    }

    /** By the id of each client whether it is subscribed to anything. */
    private static Map<String, Boolean> clients(RedisCluster.Node node) {
        return node.commands()
                .clientList()
                .lines()
                .collect(Collectors.toMap(
                        line -> line.substring(0, line.indexOf(' ')), line -> line.matches(".* flags=\\w*P.*")));
    }

    /** Both kinds of channels count; the numbers of a connection that nobody looks after are known. */
    @Test
    void whatIsMissingIsFoundAlsoOfShardedChannels() throws Exception {
        RedisCluster.Node primary = cluster.primaries.getFirst();
        String sharded = TopicKeys.channel(prefix, topicOf(primary));
        AtomicInteger wanted = new AtomicInteger(3);
        BrokerCounters counters = new BrokerCounters();
        try (RedisBroker node = ready(Broker.Listener.NONE);
                RedisClient client = RedisClient.create(primary.server.uri());
                var connection = client.connectPubSub(RedisCodec.of(StringCodec.UTF8, ByteArrayCodec.INSTANCE))) {
            connection.sync().subscribe("classic");
            connection.sync().ssubscribe(sharded);
            connection.sync().ssubscribe(sharded + "-too"); // what is in braces is the same, and so the slot
            var link = node.shards().all().iterator().next().subscriptions().link();
            Comparison comparison = new Comparison(link, true, wanted::get, counters);

            get(comparison.complete(connection));
            assertThat(counters.subscriptionsMissing.sum()).isZero();
            connection.sync().sunsubscribe(sharded);

            assertThat(failure(comparison.complete(connection)))
                    .hasMessageContaining("1 of 3 subscriptions are missing");
            assertThat(counters.subscriptionsMissing.sum()).isEqualTo(1);
            wanted.set(2);
            get(comparison.complete(connection));
        }
    }

    /** As where its port is forwarded in another way. */
    @Test
    void aNodeThatMovesToAnotherAddressIsFollowed() throws Exception {
        RecordingListener listener = new RecordingListener();
        RedisCluster.Node moving = cluster.primaries.getLast();
        Topic topic = topicOf(moving);
        try (SwallowingWire wire = new SwallowingWire(moving.server.port());
                RedisBroker node = ready(listener);
                RedisBroker publisher = ready(Broker.Listener.NONE)) {
            get(node.subscribe(topic));

            try {
                announce(moving, wire.port());
                awaitAddress("127.0.0.1:" + wire.port(), node, publisher);
                awaitHeard("there", topic, publisher, listener);
            } finally {
                announce(moving, moving.server.port());
            }
            awaitAddress(moving.address(), node, publisher);
            awaitHeard("back", topic, publisher, listener);

            assertThat(node.outage()).isEmpty();
        }
    }

    /** Where others shall find it: what it is asked, and the others of the cluster, is answered with that in a moment. */
    private static void announce(RedisCluster.Node node, int port) {
        node.commands().configSet("cluster-announce-port", Integer.toString(port));
        String said = node.id + " 127.0.0.1:" + port + "@";
        await().atMost(SOON)
                .until(() -> cluster.primaries.stream()
                        .allMatch(each -> each.commands().clusterNodes().contains(said)));
    }

    private static void awaitAddress(String address, RedisBroker... nodes) {
        for (RedisBroker node : nodes) {
            await().atMost(SOON)
                    .until(() -> node.shards().all().size() == cluster.primaries.size()
                            && node.shards().all().stream()
                                    .anyMatch(shard -> shard.address().equals(address)));
        }
    }

    @Test
    void aTopicWhoseSlotMovesIsDeliveredFurtherOn() throws Exception {
        RecordingListener listener = new RecordingListener();
        Topic topic = new Topic("kept-moves");
        int slot = SlotHash.getSlot(TopicKeys.channel(prefix, topic));
        try (RedisBroker node = ready(listener);
                RedisBroker publisher = ready(Broker.Listener.NONE)) {
            get(node.subscribe(topic));
            get(publisher.publish(publication("before", topic)));
            RedisCluster.Node from = cluster.ownerOf(slot);
            RedisCluster.Node to = otherThan(from);

            cluster.move(slot, from, to);

            get(publisher.publish(publication("after", topic)));
            await().atMost(SOON)
                    .untilAsserted(() -> assertThat(get(publisher.publish(publication("again", topic)))
                                    .nodes())
                            .isEqualTo(1));
            await().atMost(SOON).until(() -> listener.ids().contains("again"));
            assertThat(node.counters().moved.sum()).isPositive();
            cluster.move(slot, to, from);
            await().atMost(SOON)
                    .untilAsserted(() -> assertThat(get(publisher.publish(publication("back", topic)))
                                    .nodes())
                            .isEqualTo(1));
            await().atMost(SOON).until(() -> listener.ids().contains("back"));
        }
    }

    /** The node says so unasked. Nobody else could: this one does not look again, and no connection was found to lack the channel. */
    @Test
    void aSubscriptionFollowsItsSlotAsSoonAsANodeSaysThatItHasGone() throws Exception {
        RecordingListener listener = new RecordingListener();
        Topic topic = new Topic("moves-and-tells");
        int slot = SlotHash.getSlot(TopicKeys.channel(prefix, topic));
        try (RedisBroker node = ready(RedisBroker.connect(settings(), listener, NEVER));
                RedisBroker publisher = ready(Broker.Listener.NONE)) {
            get(node.subscribe(topic));
            RedisCluster.Node from = cluster.ownerOf(slot);
            RedisCluster.Node to = otherThan(from);

            cluster.move(slot, from, to); // while it connected it looked often, and may have done so once more
            awaitHeard("there", topic, publisher, listener);
            cluster.move(slot, to, from);
            awaitHeard("back", topic, publisher, listener);

            assertThat(node.counters().subscriptionsMissing.sum()).isZero();
            assertThat(node.counters().reconnects.sum()).isZero();
        }
    }

    private static RedisCluster.Node otherThan(RedisCluster.Node node) {
        return cluster.primaries.stream()
                .filter(other -> other != node)
                .findFirst()
                .orElseThrow();
    }

    private static void awaitHeard(String id, Topic topic, RedisBroker publisher, RecordingListener listener) {
        await().atMost(SOON).until(() -> {
            get(publisher.publish(publication(id, topic)));
            return listener.ids().contains(id);
        });
    }

    @Test
    void whatIsPublishedWhileASlotIsUnderWayIsTaken() throws Exception {
        Topic topic = new Topic("under-way");
        int slot = SlotHash.getSlot(TopicKeys.channel(prefix, topic));
        RecordingListener listener = new RecordingListener();
        try (RedisBroker publisher = ready(Broker.Listener.NONE);
                RedisBroker node = ready(listener)) {
            get(node.subscribe(topic));
            RedisCluster.Node from = cluster.ownerOf(slot);
            RedisCluster.Node to = otherThan(from);
            to.commands().clusterSetSlotImporting(slot, from.id);
            from.commands().clusterSetSlotMigrating(slot, to.id);

            assertThat(get(publisher.publish(publication("asks", topic))).nodes())
                    .isEqualTo(1);
            cluster.moveKeys(slot, from, to);
            assertThat(get(publisher.publish(publication("asks-too", topic))).nodes())
                    .isEqualTo(1);
            await().atMost(SOON).until(() -> listener.ids().equals(List.of("asks", "asks-too")));

            cluster.settle(slot, to);
            cluster.move(slot, to, from);
        }
    }

    /** That nobody knows of from looking where the slots are, since it has none. */
    @Test
    void whatIsPublishedWhileASlotIsUnderWayToANewNodeIsTaken() throws Exception {
        Topic topic = new Topic("kept-under-way-to-a-new-node");
        int slot = SlotHash.getSlot(TopicKeys.channel(prefix, topic));
        RecordingListener listener = new RecordingListener();
        RedisCluster.Node from = cluster.ownerOf(slot);
        RedisCluster.Node to = cluster.join(folder.resolve("newcomer"));
        try (RedisBroker publisher = ready(Broker.Listener.NONE);
                RedisBroker node = ready(listener)) {
            get(node.subscribe(topic));
            get(publisher.publish(publication("before", topic)));
            to.commands().clusterSetSlotImporting(slot, from.id);
            from.commands().clusterSetSlotMigrating(slot, to.id);
            cluster.moveKeys(slot, from, to);

            Position asked = requireNonNull(
                    get(publisher.publish(publication("asks", topic))).position());
            assertThat(asked.offset()).isEqualTo(2);
            assertThat(get(node.history(topic, 0, 2)).publications())
                    .extracting(Publication::id)
                    .containsExactly("before", "asks");
            await().atMost(SOON)
                    .until(() -> publisher.notReady().isEmpty()); // who has no slots says nothing about that
            cluster.settle(slot, to);
            awaitHeard("there", topic, publisher, listener);
            await().atMost(SOON).until(() -> publisher.notReady().isEmpty());
            cluster.move(slot, to, from);
            awaitHeard("back", topic, publisher, listener);
        } finally {
            cluster.leave(to);
        }
    }

    @Test
    void aSubscriptionWhoseSlotNobodyServesIsNotWaitedForForEver() throws Exception {
        Topic topic = new Topic("nobody's");
        int slot = SlotHash.getSlot(TopicKeys.channel(prefix, topic));
        RedisCluster.Node owner = cluster.ownerOf(slot);
        RecordingListener listener = new RecordingListener();
        try (RedisBroker node = RedisBroker.connect(settings().withTimeout(Duration.ofMillis(500)), listener)) {
            await().atMost(SOON).until(() -> node.outage().isEmpty());

            owner.commands().clusterDelSlots(slot);
            CompletionStage<Void> left;
            try {
                assertThat(BrokerContract.failure(node.subscribe(topic)))
                        .isInstanceOf(BrokerUnavailableException.class);
                left = node.subscribe(topic);
                node.unsubscribe(topic);
            } finally {
                owner.commands().clusterAddSlots(slot);
            }

            await().ignoreExceptions().atMost(SOON).until(() -> {
                get(node.subscribe(topic));
                return true;
            });
            // The end of what was waited for before, well or not, is not the end of this.
            var _ = BrokerContract.failure(left);
            await().ignoreExceptions().atMost(SOON).until(() -> {
                get(node.publish(publication("heard", topic)));
                return listener.ids().contains("heard");
            });
        }
        cluster.awaitSound();
    }

    @Test
    void whereTopicsStandIsToldForThoseShardsThatAreThere() throws Exception {
        RedisCluster.Node dead = cluster.primaries.getLast();
        Map<RedisCluster.Node, Topic> topics = new HashMap<>();
        try (RedisBroker node = ready(Broker.Listener.NONE)) {
            for (RedisCluster.Node primary : cluster.primaries) {
                Topic topic = Stream.iterate(0, i -> i + 1)
                        .map(i -> new Topic("kept-" + i))
                        .filter(it -> cluster.ownerOf(SlotHash.getSlot(TopicKeys.channel(prefix, it))) == primary)
                        .findFirst()
                        .orElseThrow();
                topics.put(primary, topic);
                get(node.publish(publication("one", topic)));
            }

            client(dead, "PAUSE", Long.toString(NEVER.toMillis()), "WRITE");
            try {
                await().atMost(SOON).until(() -> node.outage().isPresent());
                Tops tops = get(node.tops(topics.values()));
                assertThat(tops.unread()).containsExactly(topics.get(dead));
                assertThat(tops.positions()).hasSize(topics.size() - 1).doesNotContainKey(topics.get(dead));
            } finally {
                client(dead, "UNPAUSE");
            }
            await().atMost(SOON).until(() -> node.notReady().isEmpty());
            assertThat(get(node.tops(topics.values())).positions()).hasSameSizeAs(topics);
        }
    }

    /** Its repetition would be told of a message whose receipt nobody finds. */
    @Test
    void nothingIsPublishedWithoutTheReceiptThatWasAskedFor() throws Exception {
        RedisCluster.Node dead = cluster.primaries.getLast();
        Topic topic = topicOf(cluster.primaries.getFirst());
        IdempotencyKey key = IdempotencyKey.of("sender", prefix, new byte[0], Duration.ofMinutes(5));
        List<Publication> attempts = Stream.iterate(0, i -> i + 1)
                .map(i -> publication("attempt-" + i, topic).tracked(new Tracking(true, null, false, null)))
                .filter(it -> cluster.ownerOf(SlotHash.getSlot("%s:{%s}:r".formatted(prefix, it.id()))) == dead)
                .limit(2)
                .toList();
        try (RedisBroker publisher = ready(Broker.Listener.NONE)) {
            client(dead, "PAUSE", Long.toString(NEVER.toMillis()), "WRITE");
            try {
                await().atMost(SOON).until(() -> publisher.outage().isPresent());
                var _ = publisher.receipts().open(attempts.getFirst());
                assertThat(failure(publisher.publish(attempts.getFirst(), key)))
                        .isInstanceOf(BrokerUnavailableException.class);
            } finally {
                client(dead, "UNPAUSE");
            }
            await().atMost(SOON).until(() -> publisher.notReady().isEmpty());

            var _ = publisher.receipts().open(attempts.getLast());
            assertThat(get(publisher.publish(attempts.getLast(), key))).isInstanceOf(PublishedOnce.First.class);
            assertThat(get(publisher.receipts().find(attempts.getLast().id()))).isPresent();
        }
    }

    /** It answers PING and takes subscriptions, but does nothing of what is published. */
    @Test
    void aShardThatAnswersButDoesNotDeliverIsNamedAndRefusedAlone() throws Exception {
        RecordingListener listener = new RecordingListener();
        RedisCluster.Node dead = cluster.primaries.getLast();
        try (RedisBroker node = ready(listener);
                RedisBroker publisher = ready(Broker.Listener.NONE)) {
            Topic refused = topicOf(dead);
            List<Topic> others = cluster.primaries.stream()
                    .filter(primary -> primary != dead)
                    .map(this::topicOf)
                    .toList();
            get(node.subscribe(refused));
            for (Topic topic : others) {
                get(node.subscribe(topic));
            }
            for (RedisBroker each : List.of(node, publisher)) { // each of its shards is probed
                await().atMost(SOON).until(() -> each.notReady().isEmpty());
            }

            client(dead, "PAUSE", Long.toString(NEVER.toMillis()), "WRITE");
            try {
                Stopwatch watch = new Stopwatch();
                await().pollInterval(Duration.ofMillis(5)).atMost(SOON).until(() -> {
                    watch.look();
                    return Stream.of(node.outage(), node.notReady(), publisher.outage(), publisher.notReady())
                            .allMatch(why -> why.orElse("").contains(dead.address()));
                });
                assertThat(watch.elapsed()).isLessThan(Duration.ofMillis(3_500)); // a probe, and what one may take
                String noticed = dead.address() + " answers, but does not deliver";
                for (RedisBroker each :
                        List.of(node, publisher)) { // once new connections are made, that alone is wrong
                    await().atMost(SOON).until(() -> each.outage().orElse("").startsWith(noticed));
                }
                assertThat(failure(publisher.publish(publication("refused", refused))))
                        .isInstanceOf(BrokerUnavailableException.class)
                        .hasMessageContaining(noticed);
                for (Topic topic : others) {
                    assertThat(nodes(publisher.publish(publication("to-" + topic, topic))))
                            .isEqualTo(1);
                    await().atMost(SOON).until(() -> listener.ids().contains("to-" + topic));
                }
                assertThat(publisher.outage()).isPresent();
            } finally {
                client(dead, "UNPAUSE");
            }

            await().atMost(SOON)
                    .until(() ->
                            node.notReady().isEmpty() && publisher.notReady().isEmpty());
            assertThat(nodes(publisher.publish(publication("taken", refused)))).isEqualTo(1);
            await().atMost(SOON).until(() -> listener.ids().contains("taken"));
            assertThat(listener.ids()).doesNotContain("refused");
        }
    }

    /** Counts what passes between two looks, as far as that is a moment: where the machine holds us up, it holds up the probes. */
    private static final class Stopwatch {
        private static final long MOMENT_NANOS = 100_000_000;
        private long lastNanos = System.nanoTime();
        private long elapsedNanos;

        void look() {
            long now = System.nanoTime();
            elapsedNanos += Math.min(now - lastNanos, MOMENT_NANOS);
            lastNanos = now;
        }

        Duration elapsed() {
            return Duration.ofNanos(elapsedNanos);
        }
    }

    private Topic topicOf(RedisCluster.Node node) {
        return IntStream.iterate(0, i -> i + 1)
                .mapToObj(i -> new Topic("shared-out-" + i))
                .filter(topic -> cluster.ownerOf(SlotHash.getSlot(TopicKeys.channel(prefix, topic))) == node)
                .findFirst()
                .orElseThrow();
    }

    private static void client(RedisCluster.Node node, String... words) {
        CommandArgs<String, String> arguments = new CommandArgs<>(StringCodec.UTF8);
        List.of(words).forEach(arguments::add);
        node.commands().dispatch(CommandType.CLIENT, new StatusOutput<>(StringCodec.UTF8), arguments);
    }

    @ParameterizedTest
    @ValueSource(strings = {"{", "{}", "{a}", "a}", "a}b", "{a}b{c}", "~}"})
    void aTopicWithBracesIsPublishedKeptAndHeard(String name) throws Exception {
        RecordingListener listener = new RecordingListener();
        Topic topic = new Topic(name);
        HistoryRules all = new HistoryRules(
                new Retention(10, Duration.ofHours(1)),
                List.of(new HistoryRules.Rule(new TopicPattern("*"), new Retention(10, Duration.ofHours(1)))));
        try (RedisBroker node = ready(RedisBroker.connect(settings().withHistory(all), listener))) {
            IdempotencyKey key = IdempotencyKey.of("sender", "key", new byte[0], Duration.ofMinutes(5));
            get(node.subscribe(topic));

            assertThat(nodes(node.publish(publication("one", topic)))).isEqualTo(1);
            get(node.publish(publication("two", topic), key));

            assertThat(get(node.history(topic, 0, 10)).publications())
                    .extracting(Publication::id)
                    .containsExactly("one", "two");
            await().atMost(SOON).until(() -> listener.ids().equals(List.of("one", "two")));
            assertThat(listener.received()).extracting(Publication::topic).containsOnly(topic);
        }
    }
}
