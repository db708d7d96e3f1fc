package io.whimbrel.broker.redis;

import static io.whimbrel.broker.BrokerContract.failure;
import static io.whimbrel.broker.BrokerContract.get;
import static io.whimbrel.broker.BrokerContract.publication;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.lettuce.core.RedisClient;
import io.lettuce.core.api.sync.RedisCommands;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.nio.NioIoHandler;
import io.whimbrel.broker.Broker;
import io.whimbrel.broker.BrokerUnavailableException;
import io.whimbrel.broker.History;
import io.whimbrel.broker.HistoryRules;
import io.whimbrel.broker.IdempotencyKey;
import io.whimbrel.broker.Published;
import io.whimbrel.broker.PublishedOnce;
import io.whimbrel.broker.Retention;
import io.whimbrel.model.Position;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import io.whimbrel.model.TopicPattern;
import io.whimbrel.redis.EmbeddedRedis;
import io.whimbrel.redis.EmbeddedRedisSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A Redis that comes back, or a replica that takes its place: which offsets follow, and what is said of them. */
class DurabilityTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final Topic KEPT = new Topic("kept");
    private static final HistoryRules RULES = new HistoryRules(
            new Retention(100, Duration.ofHours(1)),
            List.of(new HistoryRules.Rule(new TopicPattern("kept"), new Retention(100, Duration.ofHours(1)))));

    @TempDir
    private Path folder;

    private final Deque<AutoCloseable> opened = new ArrayDeque<>();

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable each : opened) {
            each.close();
        }
    }

    @Test
    void aReplicaThatTakesOverNeverUsesAnOffsetThatWasShown() throws Exception {
        EmbeddedRedis primary = redis("primary", "");
        EmbeddedRedis replica = replicaOf(primary);
        RedisBroker before = broker(primary, Durability.MEMORY);
        Position second = publish(before, "one", "two");
        awaitInSync(primary, replica);
        promote(replica);
        Position lost = publish(before, "lost"); // seen by somebody, and the replica has never heard of it

        RedisBroker after = broker(replica, Durability.MEMORY);
        Position next = publish(after, "next");

        assertThat(next.epoch()).isNotEqualTo(lost.epoch());
        assertThat(next.offset()).isEqualTo(3);
        History history = get(after.history(KEPT, 0, 10));
        assertThat(history.publications()).extracting(Publication::id).containsExactly("one", "two", "next");
        assertThat(history.publications())
                .allSatisfy(it ->
                        assertThat(it.position()).extracting(Position::epoch).isEqualTo(next.epoch()));
        assertThat(history.standing(lost)).isEqualTo(new History.Standing(next.at(2), false));
        assertThat(history.standing(second)).isEqualTo(new History.Standing(next.at(2), false));
        assertThat(history.standing(second.at(1))).isEqualTo(new History.Standing(next.at(1), false));
        assertThat(history.standing(next)).isEqualTo(new History.Standing(next, true));
        assertThat(history.standing(new Position("other", 1))).isNull();
    }

    @Test
    void whatReplicasHaveIsCertainWhoeverTakesOver() throws Exception {
        EmbeddedRedis primary = redis("primary", "");
        EmbeddedRedis replica = replicaOf(primary);
        awaitInSync(primary, replica);
        RedisBroker before = broker(primary, Durability.REPLICATED);
        Position second = publish(before, "one", "two");
        promote(replica);

        assertThatThrownBy(() -> publish(before, "lost"))
                .hasRootCauseInstanceOf(BrokerUnavailableException.class)
                .hasMessageContaining("only 0 of 1 replicas have it");
        RedisBroker after = broker(replica, Durability.REPLICATED);
        History history = get(after.history(KEPT, second.offset(), 10));

        assertThat(history.publications()).isEmpty();
        assertThat(history.standing(second)).isEqualTo(new History.Standing(history.top(), true));
        assertThat(history.standing(second.at(3))).isEqualTo(new History.Standing(history.top(), true));
    }

    @Test
    void aRepetitionIsNotAcceptedEitherBeforeReplicasHaveTheFirst() throws Exception {
        EmbeddedRedis primary = redis("primary", "");
        RedisBroker node = broker(primary, Durability.REPLICATED);
        IdempotencyKey key = IdempotencyKey.of("sender", "key", new byte[0], Duration.ofMinutes(5));

        // At once, since nothing is sent any more when the first has failed.
        for (CompletionStage<?> each :
                List.of(node.publish(publication("id", KEPT), key), node.publish(publication("other", KEPT), key))) {
            assertThatThrownBy(() -> get(each))
                    .hasMessageContaining("only 0 of 1 replicas have it")
                    .hasRootCauseInstanceOf(BrokerUnavailableException.class)
                    .rootCause()
                    .extracting(cause -> ((BrokerUnavailableException) cause).lacksReplicas())
                    .isEqualTo(true);
        }
        assertThat(node.notReady()).isPresent();
        awaitInSync(primary, replicaOf(primary));
        await().atMost(SOON).until(() -> node.notReady().isEmpty()); // its probes reach replicas as well

        assertThat(get(node.publish(publication("again", KEPT), key)))
                .isInstanceOfSatisfying(
                        PublishedOnce.Repeat.class, it -> assertThat(it.id()).isEqualTo("id"));
    }

    @Test
    void withoutTheReplicasItIsNotReadyForAMoment() throws Exception {
        EmbeddedRedis primary = redis("primary", "");

        RedisBroker node = open(RedisBroker.connect(settings(primary, Durability.REPLICATED), Broker.Listener.NONE));

        await().during(Duration.ofSeconds(3)) // also not before the first probe was refused
                .atMost(SOON)
                .pollInterval(Duration.ofMillis(10))
                .until(() -> node.notReady().isPresent());
    }

    /** A probe that waits behind publications would tell it a second later. */
    @Test
    void aPublicationThatReplicasDoNotTakeTellsItAtOnce() throws Exception {
        EmbeddedRedis primary = redis("primary", "");
        EmbeddedRedis replica = replicaOf(primary);
        awaitInSync(primary, replica);
        RedisBroker node = broker(primary, Durability.REPLICATED);
        await().atMost(SOON).until(() -> node.notReady().isEmpty());

        promote(replica);
        IdempotencyKey key = IdempotencyKey.of("sender", "key", new byte[0], Duration.ofMinutes(5));
        assertThatThrownBy(() -> get(node.publish(publication("refused", KEPT), key)))
                .hasMessageContaining("only 0 of 1 replicas have it");

        await().pollInterval(Duration.ofMillis(5))
                .atMost(Duration.ofMillis(500))
                .until(() -> node.outage().orElse("").contains("only 0 of 1 replicas have it"));
        assertThat(failure(node.publish(publication("refused-too", KEPT), key)))
                .isInstanceOfSatisfying(
                        BrokerUnavailableException.class,
                        it -> assertThat(it.lacksReplicas()).isTrue());
        commands(replica, it -> it.replicaof("127.0.0.1", primary.port()));
        await().atMost(SOON).until(() -> node.notReady().isEmpty());
    }

    /** While a connection waits, Redis does nothing else of it. */
    @Test
    void whatIsWrittenInOneTurnOfAnEventLoopWaitsForReplicasTogether() throws Exception {
        EmbeddedRedis primary = redis("primary", "");
        awaitInSync(primary, replicaOf(primary));
        EventLoopGroup group = open(new MultiThreadIoEventLoopGroup(
                1, Epoll.isAvailable() ? EpollIoHandler.newFactory() : NioIoHandler.newFactory()));
        RedisBroker node =
                open(RedisBroker.connect(settings(primary, Durability.REPLICATED), group, Broker.Listener.NONE));
        await().atMost(SOON).until(() -> node.notReady().isEmpty());
        long before = waits(primary);

        List<CompletionStage<Published>> published = group.submit(() -> IntStream.range(0, 100)
                        .mapToObj(i -> node.publish(publication("id-" + i, KEPT)))
                        .toList())
                .get();
        get(CompletableFuture.allOf(
                published.stream().map(CompletionStage::toCompletableFuture).toArray(CompletableFuture[]::new)));

        // One, and one for each second's probe: so many only if it took longer than was waited for.
        assertThat(waits(primary) - before).isBetween(1L, 15L);
    }

    /** Redis counts who has what was written on the connection that asks: on another one a frozen replica would have it all. */
    @Test
    void aReplicaThatIsFrozenDoesNotCountForWhatItCannotHave() throws Exception {
        EmbeddedRedis primary = redis("primary", "");
        EmbeddedRedis replica = replicaOf(primary);
        awaitInSync(primary, replica);
        RedisBroker node = broker(primary, Durability.REPLICATED);
        await().atMost(SOON).until(() -> node.notReady().isEmpty());
        get(node.publish(publication("taken", KEPT)));

        signal("STOP", replica);
        try {
            assertThatThrownBy(() -> get(node.publish(publication("refused", KEPT))))
                    .hasRootCauseInstanceOf(BrokerUnavailableException.class)
                    .hasMessageContaining("only 0 of 1 replicas have it");
        } finally {
            signal("CONT", replica);
        }

        await().atMost(SOON).until(() -> node.notReady().isEmpty());
        get(node.publish(publication("taken-again", KEPT)));
    }

    @Test
    void aRedisThatIsStartedAnewWithItsFileGoesOn() throws Exception {
        EmbeddedRedis redis = redis("same", "");
        Position second = publish(broker(redis, Durability.MEMORY), "one", "two");
        redis.stop();

        RedisBroker after = broker(redis("same", ""), Durability.MEMORY);
        Position third = publish(after, "three");

        History history = get(after.history(KEPT, 2, 10));
        assertThat(third.offset()).isEqualTo(3);
        assertThat(history.standing(second)).isEqualTo(new History.Standing(third.at(2), true));
    }

    /** Redis calls its data otherwise from then on, and who was connected before does not know. */
    @Test
    void aFirstReplicaChangesNoEpoch() throws Exception {
        EmbeddedRedis primary = redis("primary", "");
        RedisBroker before = broker(primary, Durability.MEMORY);
        Position first = publish(before, "one");

        awaitInSync(primary, replicaOf(primary));
        RedisBroker after = broker(primary, Durability.MEMORY);
        Position second = publish(after, "two");
        Position third = publish(before, "three");
        Position fourth = publish(after, "four");

        assertThat(List.of(second, third, fourth)).containsExactly(first.at(2), first.at(3), first.at(4));
    }

    /** While it reads its files it answers INFO, and says that it keeps none. */
    @Test
    void aRedisThatIsStillLoadingIsNotTakenForOneThatLacksSomething() throws Exception {
        EmbeddedRedis redis = redis("slow", "key-load-delay 100\n");
        RedisBroker node = broker(redis, Durability.MEMORY);
        List<CompletionStage<Published>> published = new ArrayList<>();
        for (int i = 0; i < 3_000; i++) { // many, since it answers after each 1,024 commands that it has loaded
            published.add(node.publish(publication("id-" + i, KEPT)));
        }
        Position last = requireNonNull(get(published.getLast()).position());

        signal("KILL", redis);
        await().pollInterval(Duration.ofMillis(2))
                .atMost(SOON)
                .until(() -> node.outage().orElse("").contains("it is loading its data"));
        await().atMost(SOON).until(() -> node.outage().isEmpty());

        History history = get(node.history(KEPT, 0, 1));
        assertThat(history.standing(last)).isEqualTo(new History.Standing(history.top(), true));
    }

    @Test
    void aCursorOfAnEarlierEpochCounts() throws Exception {
        EmbeddedRedis redis = redis("same", "");
        Position second = publish(broker(redis, Durability.MEMORY), "one", "two");
        redis.stop();
        RedisBroker after = broker(redis("same", ""), Durability.MEMORY);
        publish(after, "three");

        get(after.moveCursors(Map.of(KEPT, second.at(3)))); // beyond the epoch's end
        assertThat(get(after.inbox(KEPT, 10)).after()).isZero();
        get(after.moveCursors(Map.of(KEPT, second)));

        assertThat(get(after.inbox(KEPT, 10)).after()).isEqualTo(2);
    }

    @Test
    void aRedisThatDoesNotSyncAlwaysIsNotTakenForFsync() throws Exception {
        EmbeddedRedis redis = redis("everysec", "");
        RedisBroker node = open(RedisBroker.connect(settings(redis, Durability.FSYNC), Broker.Listener.NONE));

        await().atMost(SOON).until(() -> node.misfit().isPresent());
        assertThat(node.misfit().orElseThrow()).contains("appendfsync everysec", "yes, always and no");
        assertThat(node.outage()).isPresent();

        commands(redis, it -> it.configSet("no-appendfsync-on-rewrite", "yes"));
        commands(redis, it -> it.configSet("appendfsync", "always"));
        await().atMost(SOON)
                .until(() -> node.misfit().orElse("").contains("appendfsync always and no-appendfsync-on-rewrite yes"));
        assertThat(node.outage()).isPresent();

        commands(redis, it -> it.configSet("no-appendfsync-on-rewrite", "no"));
        await().atMost(SOON).until(() -> node.outage().isEmpty());
        assertThat(node.misfit()).isEmpty();
    }

    private EmbeddedRedis redis(String name, String conf) throws Exception {
        Path at = Files.createDirectories(folder.resolve(name));
        Path file = Files.writeString(
                at.resolve("own.conf"), "appendonly yes\nsave \"\"\nrepl-diskless-sync-delay 0\n" + conf);
        EmbeddedRedis redis = EmbeddedRedis.start(EmbeddedRedisSettings.in(at.resolve("redis"))
                .withConfigFile(file)
                .withPort(0));
        return open(redis);
    }

    private EmbeddedRedis replicaOf(EmbeddedRedis primary) throws Exception {
        return redis("replica", "replicaof 127.0.0.1 " + primary.port() + "\n");
    }

    private static void awaitInSync(EmbeddedRedis primary, EmbeddedRedis replica) {
        await().atMost(SOON)
                .until(() -> commands(replica, it -> it.info("replication")).contains("master_link_status:up"));
        await().atMost(SOON)
                .until(() -> offset(primary, "master_repl_offset").equals(offset(replica, "slave_repl_offset")));
    }

    private static String offset(EmbeddedRedis redis, String field) {
        return commands(redis, it -> it.info("replication"))
                .lines()
                .filter(line -> line.startsWith(field + ":"))
                .map(line -> line.substring(field.length() + 1))
                .findFirst()
                .orElse("none");
    }

    private static void promote(EmbeddedRedis replica) {
        commands(replica, RedisCommands::replicaofNoOne);
    }

    private static void signal(String name, EmbeddedRedis redis) throws Exception {
        assertThat(new ProcessBuilder("kill", "-" + name, Long.toString(redis.pid()))
                        .start()
                        .waitFor())
                .isZero();
    }

    /** How often it was asked to wait for replicas. */
    private static long waits(EmbeddedRedis redis) {
        return commands(redis, it -> it.info("commandstats"))
                .lines()
                .filter(line -> line.startsWith("cmdstat_wait:"))
                .map(line -> line.replaceFirst(".*:calls=(\\d+),.*", "$1"))
                .mapToLong(Long::parseLong)
                .sum();
    }

    private static <T> T commands(EmbeddedRedis redis, Function<RedisCommands<String, String>, T> work) {
        try (RedisClient client = RedisClient.create(redis.uri())) {
            return work.apply(client.connect().sync());
        }
    }

    private static RedisSettings settings(EmbeddedRedis redis, Durability durability) {
        return RedisSettings.of(redis.uri()).withHistory(RULES).withDurability(durability, 1, Duration.ofSeconds(1));
    }

    private RedisBroker broker(EmbeddedRedis redis, Durability durability) {
        RedisBroker node = open(RedisBroker.connect(settings(redis, durability), Broker.Listener.NONE));
        await().pollInterval(Duration.ofMillis(2)) // too few replicas are noticed soon
                .atMost(SOON)
                .untilAsserted(() -> assertThat(node.outage()).isEmpty());
        return node;
    }

    private <T extends AutoCloseable> T open(T it) {
        opened.push(it);
        return it;
    }

    /** Where the last of them stands. */
    private static Position publish(RedisBroker node, String... ids) throws Exception {
        Position last = null;
        for (String id : ids) {
            last = get(node.publish(publication(id, KEPT))).position();
        }
        return Objects.requireNonNull(last);
    }
}
