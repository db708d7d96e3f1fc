package io.whimbrel.broker.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.lettuce.core.KillArgs;
import io.lettuce.core.RedisClient;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import io.whimbrel.broker.Broker;
import io.whimbrel.broker.HistoryRules;
import io.whimbrel.redis.EmbeddedRedis;
import io.whimbrel.redis.EmbeddedRedisSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * A real Redis with a second way in, by which connections are broken and time is made to pass. Its nodes are used by one run
 * after the other, since to make them takes longer than most runs.
 */
final class ModelRedis implements ModelNetwork, AutoCloseable {
    static final String PREFIX = "model";

    private static final Duration SOON = Duration.ofSeconds(30);
    /** Once there was a failure, shorter lists of steps are tried, and many of them. */
    private static final Duration SOON_ENOUGH = Duration.ofSeconds(2);

    private final Path folder;
    private final EmbeddedRedis server;
    private final RedisClient client;
    private final StatefulRedisConnection<String, String> connection;
    private final RedisCommands<String, String> commands;
    private final RedisSettings settings;
    private final List<ModelNode> nodes;
    private Duration patience = SOON;

    ModelRedis(HistoryRules rules) throws IOException {
        folder = Files.createTempDirectory("whimbrel-model");
        server = EmbeddedRedis.start(EmbeddedRedisSettings.in(folder).withPort(0));
        client = RedisClient.create(server.uri());
        connection = client.connect();
        commands = connection.sync();
        settings = RedisSettings.of(server.uri()).withKeyPrefix(PREFIX).withHistory(rules);
        nodes = ModelNode.joinAll(this);
    }

    /** Who replaces a node replaces it in this list. */
    List<ModelNode> nodes() {
        return nodes;
    }

    /** How long to wait for what is to come. */
    Duration patience() {
        return patience;
    }

    void hurry() {
        patience = SOON_ENOUGH;
    }

    void replaceNodes() {
        nodes.forEach(node -> node.broker().close());
        nodes.replaceAll(_ -> ModelNode.join(this));
    }

    @Override
    public Broker join(Broker.Listener listener) {
        RedisBroker node = RedisBroker.connect(settings, listener);
        await().pollInterval(Duration.ofMillis(1))
                .atMost(SOON)
                .until(() -> node.outage().isEmpty());
        return node;
    }

    /** Whatever would have ended by then is ended, and the rest has that much less to live. */
    @Override
    public void pass(Duration duration) {
        for (String key : commands.keys("*")) {
            long leftMillis = commands.pttl(key);
            assertThat(leftMillis).as("ms that %s will live", key).isPositive();
            if (leftMillis <= duration.toMillis()) {
                commands.del(key);
            } else {
                commands.pexpire(key, leftMillis - duration.toMillis());
            }
        }
    }

    @Override
    public void wipe(boolean scriptsToo) {
        commands.flushall();
        if (scriptsToo) {
            commands.scriptFlush();
        }
    }

    /** Those by which nodes send. */
    void breakCommands() {
        commands.clientKill(KillArgs.Builder.typeNormal().skipme());
    }

    /** Those by which nodes receive. */
    void breakSubscriptions() {
        commands.clientKill(KillArgs.Builder.typePubsub());
    }

    /** How many listen to each channel, of those that have anybody. */
    Map<String, Long> subscribers() {
        Map<String, Long> counts = new TreeMap<>();
        String[] channels = commands.pubsubChannels().toArray(String[]::new);
        if (channels.length > 0) {
            counts.putAll(commands.pubsubNumsub(channels));
            counts.values().removeIf(count -> count == 0);
            counts.keySet().removeIf(channel -> channel.startsWith(PREFIX + ":probe:"));
        }
        return counts;
    }

    @Override
    public void close() throws IOException {
        nodes.forEach(node -> node.broker().close());
        connection.close();
        client.shutdown(Duration.ZERO, Duration.ofSeconds(1));
        server.stop();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
