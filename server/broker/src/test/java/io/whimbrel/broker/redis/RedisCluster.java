package io.whimbrel.broker.redis;

import static org.awaitility.Awaitility.await;

import io.lettuce.core.MigrateArgs;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.cluster.SlotHash;
import io.whimbrel.redis.EmbeddedRedis;
import io.whimbrel.redis.EmbeddedRedisSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** A Redis Cluster on loopback: primaries that share the slots, each with one replica or none. */
final class RedisCluster implements AutoCloseable {
    private static final Duration FORMED_WITHIN = Duration.ofSeconds(60);
    private static final String CONF = """
        cluster-enabled yes
        cluster-config-file nodes.conf
        cluster-replica-validity-factor 0
        cluster-allow-replica-migration no
        repl-diskless-sync-delay 0
        appendonly yes
        save ""
        """;

    /** Where who is met at a port is expected to talk to other nodes, by TLS as well. */
    private static final int BUS_PORTS = 10_000;

    final List<Node> primaries = new ArrayList<>();
    final List<Node> replicas = new ArrayList<>();
    /** Those that joined and have not left. */
    private final List<Node> newcomers = new ArrayList<>();

    private final RedisClient client = RedisClient.create();

    /** A replica takes over soon; without one a primary that is held up for a moment is better waited for. */
    private static final String SOON = "cluster-node-timeout 1500\n";

    private static final String PATIENT = "cluster-node-timeout 15000\n";

    final class Node {
        final EmbeddedRedis server;
        final String id;
        private final StatefulRedisConnection<String, String> connection;

        private Node(Path folder, String more) throws IOException {
            Files.createDirectories(folder);
            int port = FreePorts.next();
            Path conf = Files.writeString(
                    folder.resolve("cluster.conf"), CONF + "cluster-port %d\n".formatted(port + BUS_PORTS) + more);
            server = EmbeddedRedis.start(EmbeddedRedisSettings.in(folder.resolve("redis"))
                    .withConfigFile(conf)
                    .withPort(port));
            connection = client.connect(RedisURI.create(server.uri()));
            id = commands().clusterMyId();
        }

        RedisCommands<String, String> commands() {
            return connection.sync();
        }

        void signal(String name) throws IOException, InterruptedException {
            new ProcessBuilder("kill", "-" + name, Long.toString(server.pid()))
                    .start()
                    .waitFor();
        }

        String address() {
            return "127.0.0.1:" + server.port();
        }
    }

    static RedisCluster start(Path folder, int shards, boolean withReplicas) throws IOException {
        return start(folder, shards, withReplicas, () -> "");
    }

    /** @param more of the configuration of each node */
    static RedisCluster start(Path folder, int shards, boolean withReplicas, Supplier<String> more) throws IOException {
        RedisCluster cluster = new RedisCluster();
        try {
            cluster.form(folder, shards, withReplicas, more);
            return cluster;
        } catch (IOException | RuntimeException | Error e) {
            cluster.close();
            throw e;
        }
    }

    private void form(Path folder, int shards, boolean withReplicas, Supplier<String> more) throws IOException {
        String timeout = withReplicas ? SOON : PATIENT;
        for (int i = 0; i < shards; i++) {
            primaries.add(new Node(folder.resolve("primary-" + i), timeout + more.get()));
            if (withReplicas) {
                replicas.add(new Node(folder.resolve("replica-" + i), timeout + more.get()));
            }
        }
        for (int i = 0; i < shards; i++) {
            int from = SlotHash.SLOT_COUNT * i / shards;
            int to = SlotHash.SLOT_COUNT * (i + 1) / shards;
            int[] slots = new int[to - from];
            for (int slot = from; slot < to; slot++) {
                slots[slot - from] = slot;
            }
            primaries.get(i).commands().clusterSetConfigEpoch(i + 1);
            primaries.get(i).commands().clusterAddSlots(slots);
        }
        Node first = primaries.getFirst();
        for (Node node : all()) {
            first.commands().clusterMeet("127.0.0.1", node.server.port());
        }
        awaitAll(node -> node.commands().clusterNodes().lines().count() == all().size());
        for (int i = 0; i < replicas.size(); i++) {
            replicas.get(i).commands().clusterReplicate(primaries.get(i).id);
        }
        awaitInSync();
        awaitSound();
        awaitAll(node -> node.commands().clusterSlots().size() == shards);
    }

    /** Adds a node that has no slots; {@link #leave} takes it away again. */
    Node join(Path newFolder) throws IOException {
        Node newcomer = new Node(newFolder, PATIENT);
        newcomers.add(newcomer);
        primaries.getFirst().commands().clusterMeet("127.0.0.1", newcomer.server.port());
        for (Node node : all()) {
            await().atMost(FORMED_WITHIN)
                    .ignoreExceptions()
                    .until(() -> node.commands().clusterNodes().contains(newcomer.id)
                            && newcomer.commands().clusterNodes().contains(node.id));
        }
        await().atMost(FORMED_WITHIN)
                .until(() -> newcomer.commands().clusterInfo().contains("cluster_state:ok"));
        return newcomer;
    }

    /** Ends a node that has no slots any more. */
    void leave(Node newcomer) {
        String id = newcomer.id;
        newcomer.connection.close();
        newcomer.server.stop();
        newcomers.remove(newcomer);
        all().forEach(node -> node.commands().clusterForget(id));
    }

    /** Waits until each node knows whose each slot is. */
    void awaitSound() {
        awaitAll(node -> node.commands().clusterInfo().contains("cluster_state:ok"));
    }

    /** Waits until each replica has what its primary has. */
    void awaitInSync() {
        for (Node replica : replicas) {
            await().atMost(FORMED_WITHIN)
                    .ignoreExceptions()
                    .until(() -> !replica.commands().info("replication").contains("role:slave")
                            || replica.commands().info("replication").contains("master_link_status:up"));
        }
    }

    private void awaitAll(Predicate<Node> condition) {
        for (Node node : all()) {
            await().atMost(FORMED_WITHIN).ignoreExceptions().until(() -> condition.test(node));
        }
    }

    List<Node> all() {
        List<Node> all = new ArrayList<>(primaries);
        all.addAll(replicas);
        return all;
    }

    String uri() {
        return all().stream().map(Node::address).collect(Collectors.joining(",", "redis://", ""));
    }

    /** The primary that has a slot, as one of the others sees it. */
    Node ownerOf(int slot) {
        return primaries.stream().filter(node -> owns(node, slot)).findFirst().orElseThrow();
    }

    private static boolean owns(Node node, int slot) {
        Set<Integer> own = new HashSet<>();
        node.commands()
                .clusterNodes()
                .lines()
                .filter(line -> line.contains("myself"))
                .flatMap(line -> List.of(line.split(" ")).stream().skip(8))
                .filter(word -> !word.startsWith("["))
                .forEach(word -> {
                    String[] ends = word.split("-", 2);
                    int from = Integer.parseInt(ends[0]);
                    int to = Integer.parseInt(ends[ends.length - 1]);
                    for (int i = from; i <= to; i++) {
                        own.add(i);
                    }
                });
        return own.contains(slot);
    }

    /** Moves a slot with all its keys, as redis-cli does. */
    void move(int slot, Node from, Node to) {
        to.commands().clusterSetSlotImporting(slot, from.id);
        from.commands().clusterSetSlotMigrating(slot, to.id);
        moveKeys(slot, from, to);
        settle(slot, to);
    }

    /** The last part of {@link #move}: from then on the slot is there. */
    void settle(int slot, Node to) {
        String id = to.id;
        to.commands().clusterSetSlotNode(slot, id);
        for (Node node : primaries) {
            node.commands().clusterSetSlotNode(slot, id);
        }
    }

    /** The middle part of {@link #move}. */
    void moveKeys(int slot, Node from, Node to) {
        List<String> keys = from.commands().clusterGetKeysInSlot(slot, 100);
        while (!keys.isEmpty()) {
            from.commands().migrate("127.0.0.1", to.server.port(), 0, 5_000, MigrateArgs.Builder.keys(keys));
            keys = from.commands().clusterGetKeysInSlot(slot, 100);
        }
    }

    @Override
    public void close() {
        client.shutdown();
        all().forEach(node -> node.server.stop());
        newcomers.forEach(node -> node.server.stop());
    }
}
