package io.whimbrel.broker.redis;

import static io.whimbrel.broker.BrokerContract.get;
import static io.whimbrel.broker.BrokerContract.publication;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.sentinel.api.sync.RedisSentinelCommands;
import io.whimbrel.broker.Broker;
import io.whimbrel.broker.RecordingListener;
import io.whimbrel.model.Address;
import io.whimbrel.model.Topic;
import io.whimbrel.redis.EmbeddedRedis;
import io.whimbrel.redis.EmbeddedRedisSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real Sentinels that name a Redis, and then another one, which does not know of the first. */
class SentinelTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final String NAME = "whimbrel";

    @TempDir
    private Path folder;

    private final List<AutoCloseable> open = new ArrayList<>();
    private final Topic topic = Topic.of(Address.random());
    private EmbeddedRedis first;
    private EmbeddedRedis second;

    @BeforeEach
    void start() {
        first = redis("first");
        second = redis("second");
    }

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
    }

    @Test
    void whoIsConnectedFollowsToAnotherPrimaryAlthoughTheFormerOneGoesOn() throws Exception {
        Sentinel sentinel = new Sentinel("sentinel");
        RecordingListener listener = new RecordingListener();
        RedisBroker node = broker(listener, sentinel.port);
        RedisBroker publisher = broker(Broker.Listener.NONE, sentinel.port);
        get(node.subscribe(topic));
        assertThat(get(publisher.publish(publication("before", topic))).nodes()).isEqualTo(1);
        assertThat(keys(first)).isPositive();

        sentinel.name(second);

        await().atMost(SOON).until(() -> clients(first) == 0);
        await().atMost(SOON)
                .until(() -> node.outage().isEmpty() && publisher.outage().isEmpty());
        assertThat(get(publisher.publish(publication("after", topic))).nodes()).isEqualTo(1);
        await().atMost(SOON).until(() -> listener.ids().equals(List.of("before", "after")));
        assertThat(keys(second)).isPositive();
    }

    @Test
    void anotherSentinelIsAskedWhereOneIsAway() throws Exception {
        Sentinel dead = new Sentinel("dead");
        dead.close();
        Sentinel alive = new Sentinel("alive");
        RedisBroker node = broker(Broker.Listener.NONE, dead.port, alive.port);

        alive.name(second);

        await().atMost(SOON).until(() -> clients(first) == 0);
        await().atMost(SOON).until(() -> node.outage().isEmpty());
        get(node.publish(publication("one", topic)));
        assertThat(keys(second)).isPositive();
    }

    /** One that was away during a failover, or is cut off with the former primary. */
    @Test
    void theSentinelThatKnowsOfTheNewestFailoverIsBelieved() throws Exception {
        Sentinel lagging = new Sentinel("lagging");
        Sentinel other = new Sentinel("other");
        Sentinel current = new Sentinel("current", second, 7);

        RedisBroker node = broker(Broker.Listener.NONE, lagging.port, current.port, other.port);

        publishUntilIn(second, node);
    }

    @Test
    void aSentinelThatIsSilentIsNotWaitedFor() throws Exception {
        Sentinel silent = new Sentinel("silent");
        Sentinel current = new Sentinel("current", second, 0);
        silent.signal("STOP"); // connections are made still, and not answered

        RedisBroker node = opened(RedisBroker.connect(settings(silent.port, current.port), Broker.Listener.NONE));

        await().atMost(Duration.ofSeconds(2)).until(() -> node.outage().isEmpty());
        get(node.publish(publication("one", topic)));
        assertThat(keys(second)).isPositive();
    }

    /** Else the one that lags would lead back for as long as the others are away. */
    @Test
    void whatALaggingSentinelSaysIsNotBelievedAfterwardsEither() throws Exception {
        Sentinel lagging = new Sentinel("lagging");
        Sentinel current = new Sentinel("current", second, 7);
        RedisBroker node = broker(Broker.Listener.NONE, lagging.port, current.port);
        publishUntilIn(second, node);
        asking(first, it -> it.connect().sync().flushall());

        current.close();

        await().during(Duration.ofSeconds(4)).atMost(SOON).until(() -> {
            get(node.publish(publication("again", topic)));
            return keys(first) == 0;
        });
    }

    private void publishUntilIn(EmbeddedRedis redis, RedisBroker node) {
        await().atMost(SOON).ignoreExceptions().until(() -> {
            get(node.publish(publication("one", topic)));
            return keys(redis) > 0;
        });
    }

    @Test
    void withoutAnySentinelConnectionsGoOn() throws Exception {
        Sentinel sentinel = new Sentinel("sentinel");
        RedisBroker node = broker(Broker.Listener.NONE, sentinel.port);

        sentinel.close();

        for (int i = 0; i < 10; i++) {
            get(node.publish(publication("one-" + i, topic)));
        }
        assertThat(node.outage()).isEmpty();
    }

    /** The Sentinel is reached by TLS as well, the user is one of Redis alone. */
    @Test
    void byTlsAndAsAUser() throws Exception {
        RedisTls tls = RedisTls.forLoopback(folder);
        int redisPort = FreePorts.next();
        int sentinelPort = FreePorts.next();
        Path conf = Files.writeString(
                folder.resolve("own.conf"), tls.conf(redisPort) + "user whimbrel on >secret ~* &* +@all\n");
        EmbeddedRedis redis = opened(EmbeddedRedis.start(EmbeddedRedisSettings.in(folder.resolve("by-tls"))
                .withConfigFile(conf)
                .withPort(0)));
        Sentinel sentinel = new Sentinel("by-tls-too", redisPort, 0, tls.conf(sentinelPort) + "tls-replication yes\n");
        RecordingListener listener = new RecordingListener();
        RedisBroker node = opened(RedisBroker.connect(
                RedisSettings.of("rediss-sentinel://whimbrel:secret@127.0.0.1:%d#%s".formatted(sentinelPort, NAME))
                        .withTrust(tls.certificate()),
                listener));
        await().atMost(SOON).until(() -> node.outage().isEmpty());

        get(node.subscribe(topic));
        get(node.publish(publication("one", topic)));

        await().atMost(SOON).until(() -> listener.ids().equals(List.of("one")));
        assertThat(asking(redis, it -> it.connect().sync().clientList()).lines())
                .filteredOn(line -> line.contains("user=whimbrel"))
                .hasSizeGreaterThanOrEqualTo(2);
        sentinel.close();
    }

    @Test
    void aNameThatNoSentinelKnowsIsSaid() throws Exception {
        Sentinel sentinel = new Sentinel("sentinel");
        sentinel.forget();
        RedisBroker node = opened(RedisBroker.connect(settings(sentinel.port), Broker.Listener.NONE));

        await().atMost(SOON)
                .until(() -> node.outage().orElse("").contains("Sentinel knows of no Redis by the name whimbrel"));
        sentinel.name(first);
        await().atMost(SOON).until(() -> node.outage().isEmpty());
    }

    private RedisBroker broker(Broker.Listener listener, int... sentinels) throws Exception {
        RedisBroker broker = opened(RedisBroker.connect(settings(sentinels), listener));
        await().atMost(SOON).until(() -> broker.outage().isEmpty());
        return broker;
    }

    private static RedisSettings settings(int... sentinels) {
        return RedisSettings.of(Arrays.stream(sentinels)
                .mapToObj(port -> "127.0.0.1:" + port)
                .collect(Collectors.joining(",", "redis-sentinel://", "#" + NAME)));
    }

    private EmbeddedRedis redis(String name) {
        return opened(EmbeddedRedis.start(
                EmbeddedRedisSettings.in(folder.resolve(name)).withPort(0)));
    }

    private <T extends AutoCloseable> T opened(T resource) {
        open.add(resource);
        return resource;
    }

    private static long keys(EmbeddedRedis redis) {
        return asking(redis, it -> it.connect().sync().dbsize());
    }

    /** But for the one that asks. */
    private static long clients(EmbeddedRedis redis) {
        return asking(redis, it -> it.connect().sync().clientList().lines().count() - 1);
    }

    private static <T> T asking(EmbeddedRedis redis, Function<RedisClient, T> question) {
        try (RedisClient client = RedisClient.create(redis.uri())) {
            return question.apply(client);
        }
    }

    /** Begins with the first Redis, and is told by us alone which one is the primary. */
    private final class Sentinel implements AutoCloseable {
        private final int port = FreePorts.next();
        private final Process process;
        private final RedisClient client = RedisClient.create();

        Sentinel(String name) throws IOException {
            this(name, first, 0);
        }

        /** @param epoch of the last failover it knows of */
        Sentinel(String name, EmbeddedRedis primary, int epoch) throws IOException {
            this(name, primary.port(), epoch, "");
        }

        /** @param more of its configuration */
        Sentinel(String name, int primary, int epoch, String more) throws IOException {
            Path at = Files.createDirectories(folder.resolve(name));
            Path conf = Files.writeString(
                    at.resolve("sentinel.conf"),
                    "port %d%nbind 127.0.0.1%ndir %s%n%ssentinel monitor %s 127.0.0.1 %d 1%nsentinel config-epoch %s %d%n"
                            .formatted(port, at, more, NAME, primary, NAME, epoch));
            String program = ProcessHandle.of(first.pid())
                    .flatMap(it -> it.info().command())
                    .orElseThrow();
            process = new ProcessBuilder(program, conf.toString(), "--sentinel")
                    .redirectErrorStream(true)
                    .redirectOutput(at.resolve("log").toFile())
                    .start();
            open.add(this);
            await().atMost(SOON)
                    .ignoreExceptions()
                    .until(() -> tell(RedisSentinelCommands::ping).equals("PONG"));
        }

        private <T> T tell(Function<RedisSentinelCommands<String, String>, T> command) {
            try (var connection = client.connectSentinel(RedisURI.create("127.0.0.1", port))) {
                return command.apply(connection.sync());
            }
        }

        void signal(String signal) throws Exception {
            assertThat(new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid()))
                            .start()
                            .waitFor())
                    .isZero();
        }

        void forget() {
            tell(it -> it.remove(NAME));
        }

        void name(EmbeddedRedis primary) {
            tell(it -> {
                if (it.masters().stream().anyMatch(known -> known.containsValue(NAME))) {
                    it.remove(NAME);
                }
                return it.monitor(NAME, "127.0.0.1", primary.port(), 1);
            });
        }

        @Override
        public void close() throws InterruptedException {
            process.destroyForcibly().waitFor();
            client.shutdown();
        }
    }
}
