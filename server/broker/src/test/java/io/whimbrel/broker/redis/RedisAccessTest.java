package io.whimbrel.broker.redis;

import static io.whimbrel.broker.BrokerContract.get;
import static io.whimbrel.broker.BrokerContract.publication;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.lettuce.core.RedisClient;
import io.lettuce.core.cluster.SlotHash;
import io.whimbrel.broker.Broker;
import io.whimbrel.broker.Hop;
import io.whimbrel.broker.IdempotencyKey;
import io.whimbrel.broker.Notice;
import io.whimbrel.broker.Outcome;
import io.whimbrel.broker.PublishedOnce;
import io.whimbrel.broker.Receipts;
import io.whimbrel.broker.RecordingListener;
import io.whimbrel.broker.Traces;
import io.whimbrel.model.Address;
import io.whimbrel.model.Position;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import io.whimbrel.model.Tracking;
import io.whimbrel.redis.EmbeddedRedis;
import io.whimbrel.redis.EmbeddedRedisSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Ways to a real Redis: TLS, a user who may do little, a unix socket. */
class RedisAccessTest {
    private static final Duration SOON = Duration.ofSeconds(20);

    @TempDir
    private Path folder;

    private final List<AutoCloseable> open = new ArrayList<>();

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
    }

    @Test
    void withTls() throws Exception {
        int port = redisWithTls("localhost");

        delivers(RedisSettings.of("rediss://localhost:" + port).withTrust(certificate()));
    }

    /** Also the nodes that the first ones tell of are reached so, at the address that is told to who asks by TLS. */
    @Test
    void withTlsAndAUserInACluster() throws Exception {
        RedisTls tls = RedisTls.forLoopback(folder);
        List<Integer> ports = new ArrayList<>();
        RedisCluster cluster = opened(RedisCluster.start(folder.resolve("cluster"), 3, false, () -> {
            ports.add(FreePorts.next());
            return tls.conf(ports.getLast())
                    + "tls-cluster yes\nuser whimbrel on >secret ~app:* &app:* +@all -@admin -@dangerous +info\n";
        }));
        RedisSettings settings = RedisSettings.of(
                        "rediss://whimbrel:secret@127.0.0.1:%d,127.0.0.1:%d".formatted(ports.get(0), ports.get(1)))
                .withTrust(tls.certificate())
                .withKeyPrefix("app");

        for (RedisCluster.Node node : cluster.primaries) {
            delivers(
                    settings,
                    Stream.generate(() -> Topic.of(Address.random()))
                            .filter(it -> cluster.ownerOf(SlotHash.getSlot(TopicKeys.channel("app", it))) == node)
                            .findFirst()
                            .orElseThrow());
        }
    }

    @Test
    void nobodyIsTrustedWhomNobodyNamed() throws Exception {
        int port = redisWithTls("localhost");

        RedisBroker broker =
                opened(RedisBroker.connect(RedisSettings.of("rediss://localhost:" + port), Broker.Listener.NONE));

        await().atMost(SOON)
                .until(() -> broker.outage().orElse("").contains("its certificate is not accepted: unable to find"));
    }

    @Test
    void aCertificateForAnotherHostIsRefused() throws Exception {
        int port = redisWithTls("elsewhere.example");

        RedisBroker broker = opened(RedisBroker.connect(
                RedisSettings.of("rediss://localhost:" + port).withTrust(certificate()), Broker.Listener.NONE));

        await().atMost(SOON)
                .until(() -> broker.outage()
                        .orElse("")
                        .matches(".*its certificate is not accepted: No .*name matching localhost found.*"));
    }

    @Test
    void aFileWithoutCertificatesIsRefusedAtOnce() throws Exception {
        Path file = Files.writeString(folder.resolve("empty.pem"), "nothing");

        assertThatThrownBy(() -> RedisSettings.of("rediss://localhost").withTrust(file))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("broker.redis.trust", file.toString());
        assertThatThrownBy(() -> RedisSettings.of("rediss://localhost").withTrust(folder.resolve("none.pem")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("none.pem");
    }

    @Test
    void asAUserWhoMayDoOnlyWhatTheGuideSays() throws Exception {
        EmbeddedRedis redis = redis("""
            user default off
            user whimbrel on >secret ~app:* &app:* +@all -@admin -@dangerous +info
            """);

        delivers(RedisSettings.of("redis://whimbrel:secret@127.0.0.1:" + redis.port())
                .withKeyPrefix("app"));
    }

    /** So that another system may share this Redis. */
    @Test
    void allThatIsKeptAndSaidBeginsWithThePrefix() throws Exception {
        EmbeddedRedis redis = redis("""
            user default off
            user admin on >secret ~* &* +@all
            user whimbrel on >secret ~app:* &app:* +@all -@admin -@dangerous +info
            """);
        String uri = "redis://%s:secret@127.0.0.1:" + redis.port();
        RedisBroker node = opened(RedisBroker.connect(
                RedisSettings.of(uri.formatted("whimbrel")).withKeyPrefix("app"), new RecordingListener()));
        await().atMost(SOON).until(() -> node.notReady().isEmpty());
        Queue<Object> heard = new ConcurrentLinkedQueue<>();
        Topic topic = Topic.of(Address.random());
        Publication asking = publication("one", topic).tracked(new Tracking(true, null, false, null));
        Notice notice = new Notice("tide", "here", "high", System.currentTimeMillis() + 60_000);
        Receipts.Count count = new Receipts.Count("one", "node", node.receipts().hear(heard::add), 1, 1, 1);
        Receipts.Count told = new Receipts.Count("one", "node", null, 1, 1, 1);
        Hop hop = new Hop(1, "node", Outcome.ACCEPTED, "");

        get(node.receipts().open(asking));
        IdempotencyKey key = IdempotencyKey.of("sender", "key", new byte[0], Duration.ofMinutes(5));
        assertThat(get(node.publish(asking, key))).isInstanceOf(PublishedOnce.First.class);
        Position top =
                requireNonNull(get(node.publish(publication("two", topic))).position());
        get(node.moveCursors(Map.of(topic, top)));
        get(node.traces().append(List.of(new Traces.Leg("one", topic, null, null, true, List.of(hop)))));
        get(node.notices().hear("tide", heard::add));
        get(node.notices().post(notice));

        await().atMost(SOON).until(() -> {
            get(node.receipts().report(List.of(count)));
            return heard.contains(notice) && heard.contains(told);
        });
        assertThat(get(node.receipts().find("one")).orElseThrow().counts()).containsExactly(told);
        assertThat(get(node.tops(List.of(topic))).positions()).containsEntry(topic, top);
        assertThat(get(node.inbox(topic, 10)).publications()).isEmpty();
        assertThat(get(node.traces().find("one")).orElseThrow().hops()).containsExactly(hop);
        assertThat(get(node.traces().recent(topic))).containsExactly("one");
        try (RedisClient admin = RedisClient.create(uri.formatted("admin"))) {
            var commands = admin.connect().sync();
            assertThat(commands.keys("*"))
                    .hasSizeGreaterThan(5)
                    .allSatisfy(name -> assertThat(name).startsWith("app:"));
            assertThat(commands.pubsubChannels())
                    .hasSizeGreaterThan(2)
                    .allSatisfy(name -> assertThat(name).startsWith("app:"));
        }
    }

    @Test
    void asAUserWhoMayNotAskWhatIsSubscribed() throws Exception {
        EmbeddedRedis redis = redis("user default on nopass ~* &* +@all -client|info\n");

        delivers(RedisSettings.of("redis://127.0.0.1:" + redis.port()));
    }

    @Test
    void asAUserWhoMayNotAskWhetherItSyncs() throws Exception {
        EmbeddedRedis redis = redis("""
            user default on nopass ~* &* +@all -@admin
            user whimbrel on >secret ~app:* &app:* +@all -@admin -@dangerous +info +config|get
            """);
        RedisBroker refused = opened(RedisBroker.connect(
                RedisSettings.of("redis://127.0.0.1:" + redis.port())
                        .withDurability(Durability.FSYNC, 1, Duration.ofSeconds(1)),
                Broker.Listener.NONE));
        RedisBroker asking = opened(RedisBroker.connect(
                RedisSettings.of("redis://whimbrel:secret@127.0.0.1:" + redis.port())
                        .withKeyPrefix("app")
                        .withDurability(Durability.FSYNC, 1, Duration.ofSeconds(1)),
                Broker.Listener.NONE));

        await().atMost(SOON).until(() -> refused.misfit().orElse("").contains("(NOPERM)"));
        await().atMost(SOON).until(() -> asking.misfit().orElse("").contains("appendfsync everysec"));
    }

    /** Lettuce speaks RESP2 there, where who is subscribed may ask for nothing else. */
    @Test
    void whereHelloIsNotKnown() throws Exception {
        EmbeddedRedis redis = redis("rename-command HELLO \"\"\n");

        delivers(RedisSettings.of("redis://127.0.0.1:" + redis.port()));
    }

    @Test
    void aWrongPasswordIsSaid() throws Exception {
        EmbeddedRedis redis = redis("requirepass secret\n");

        RedisBroker broker = opened(RedisBroker.connect(
                RedisSettings.of("redis://:wrong@127.0.0.1:" + redis.port()), Broker.Listener.NONE));

        await().atMost(SOON).until(() -> broker.outage().orElse("").contains("WRONGPASS"));
        assertThat(broker.outage().orElse("")).doesNotContain("wrong@");
    }

    @Test
    void aNameThatIsNotKnownIsSaid() throws Exception {
        RedisBroker broker =
                opened(RedisBroker.connect(RedisSettings.of("redis://nowhere.invalid:6379"), Broker.Listener.NONE));

        await().atMost(SOON).until(() -> broker.outage().orElse("").contains("no address is known for its name"));
    }

    @Test
    void aNameIsFollowedWhereItLeadsNow() throws Exception {
        EmbeddedRedis first = redis("bind 127.0.0.1 127.0.0.2\n");
        int port = first.port();
        try (NameServer names = new NameServer("127.0.0.2")) {
            RedisBroker broker = opened(RedisBroker.connect(
                    RedisSettings.of("redis://redis.example:" + port), Broker.Listener.NONE, names.resolver()));
            await().atMost(SOON).until(() -> broker.outage().isEmpty());

            first.stop();
            opened(EmbeddedRedis.start(
                    EmbeddedRedisSettings.in(folder.resolve("second")).withPort(port)));
            await().atMost(SOON).until(() -> broker.outage().orElse("").contains("Connection refused"));
            names.leadTo("127.0.0.1");

            await().atMost(SOON).until(() -> broker.outage().isEmpty());
            assertThat(get(broker.publish(publication("one", new Topic("birds"))))
                            .nodes())
                    .isZero();
        }
    }

    @Test
    void byAUnixSocket() throws Exception {
        Path socket = folder.resolve("r.sock");
        redis("unixsocket " + socket + "\n");

        delivers(RedisSettings.of("redis-socket://" + socket));
    }

    private void delivers(RedisSettings settings) throws Exception {
        delivers(settings, Topic.of(Address.random()));
    }

    private void delivers(RedisSettings settings, Topic topic) throws Exception {
        RecordingListener listener = new RecordingListener();
        RedisBroker node = opened(RedisBroker.connect(settings, listener));
        RedisBroker publisher = opened(RedisBroker.connect(settings, Broker.Listener.NONE));
        await().atMost(SOON)
                .until(() -> node.outage().isEmpty() && publisher.outage().isEmpty());

        get(node.subscribe(topic));
        assertThat(get(publisher.publish(publication("one", topic))).nodes()).isEqualTo(1);

        await().atMost(SOON).until(() -> listener.ids().contains("one"));
        assertThat(get(node.history(topic, 0, 10)).publications()).hasSize(1);
    }

    /** Answers its port. */
    private int redisWithTls(String host) throws Exception {
        int port = FreePorts.next();
        redis(RedisTls.forName(host, folder).conf(port));
        return port;
    }

    private Path certificate() {
        return folder.resolve("certificate.pem");
    }

    private EmbeddedRedis redis(String conf) throws IOException {
        Path file = Files.writeString(folder.resolve("own.conf"), conf);
        return opened(EmbeddedRedis.start(EmbeddedRedisSettings.in(folder.resolve("redis"))
                .withConfigFile(file)
                .withPort(0)));
    }

    private <T extends AutoCloseable> T opened(T resource) {
        open.add(resource);
        return resource;
    }
}
