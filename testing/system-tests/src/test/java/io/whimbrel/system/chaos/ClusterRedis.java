package io.whimbrel.system.chaos;

import static java.util.stream.Collectors.joining;
import static org.awaitility.Awaitility.await;

import io.whimbrel.system.Part;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;

/** Three masters, each with a replica. */
final class ClusterRedis implements RedisDeployment {
    private static final int MASTERS = 3;
    private static final int SLOTS = 16_384;
    private static final int KEYS_AT_ONCE = 10;
    /** For a key whose slot may be moved. */
    private static final int MOST_KEYS_TRIED = 50;

    private static final String MIGRATE_MILLIS = "4000";

    private final List<RedisNode> nodes = new ArrayList<>();
    private final Set<String> keptSlots = new HashSet<>();
    /** Which slots are moved is no part of the schedule, since who holds which keys is not. */
    private final Random random = new Random(1);

    ClusterRedis(Path program, Path folder) throws IOException {
        for (int i = 0; i < 2 * MASTERS; i++) {
            List<String> settings = new ArrayList<>(RedisNode.DURABLE);
            settings.addAll(List.of(
                    "cluster-enabled yes",
                    "cluster-node-timeout 2000",
                    "cluster-replica-validity-factor 0",
                    "cluster-allow-replica-migration no", // each shard keeps its own
                    "cluster-port " + FreePorts.next()));
            RedisNode node = new RedisNode("redis " + i, program, folder, settings);
            nodes.add(node.with("cluster-announce-port " + node.wire().port()));
        }
    }

    @Override
    public void start() throws IOException {
        for (RedisNode node : nodes) {
            node.start();
        }
        await().pollInterval(POLL)
                .atMost(Part.DEADLINE)
                .until(() -> nodes.stream()
                        .allMatch(
                                node -> node.info("cluster", "cluster_enabled").equals("1")));
        for (int i = 0; i < MASTERS; i++) {
            nodes.get(i)
                    .ask(
                            "CLUSTER",
                            "ADDSLOTSRANGE",
                            Integer.toString(firstSlot(i)),
                            Integer.toString(firstSlot(i + 1) - 1));
        }
        RedisNode seed = nodes.getFirst();
        for (RedisNode node : nodes) {
            // Or all begin with the same epoch, and quarrel.
            node.ask("CLUSTER", "SET-CONFIG-EPOCH", Integer.toString(nodes.indexOf(node) + 1));
        }
        for (RedisNode node : nodes.subList(1, nodes.size())) {
            seed.ask(
                    "CLUSTER",
                    "MEET",
                    "127.0.0.1",
                    Integer.toString(node.port()),
                    node.ask("CONFIG", "GET", "cluster-port").lines().toList().getLast());
        }
        await().pollInterval(POLL)
                .atMost(Part.DEADLINE)
                .until(() -> nodes.stream().allMatch(this::knowsAll));
        for (int i = 0; i < MASTERS; i++) {
            nodes.get(MASTERS + i).ask("CLUSTER", "REPLICATE", nodes.get(i).ask("CLUSTER", "MYID"));
        }
        awaitOrder();
    }

    private static int firstSlot(int shard) {
        return shard * SLOTS / MASTERS;
    }

    @Override
    public int shards() {
        return MASTERS;
    }

    @Override
    public int shardOf(String key) throws IOException {
        int slot = Integer.parseInt(slotOf(key));
        return IntStream.range(0, MASTERS)
                .filter(shard -> slot < firstSlot(shard + 1))
                .findFirst()
                .orElseThrow();
    }

    @Override
    public void keepInPlace(String key) throws IOException {
        keptSlots.add(slotOf(key));
    }

    private String slotOf(String key) throws IOException {
        return nodes.getFirst().ask("CLUSTER", "KEYSLOT", key);
    }

    @Override
    public String uri() {
        return "redis://"
                + nodes.stream()
                        .limit(MASTERS)
                        .map(node -> "127.0.0.1:" + node.wire().port())
                        .collect(joining(","));
    }

    @Override
    public List<RedisNode> nodes() {
        return nodes;
    }

    @Override
    public List<RedisNode> sentinels() {
        return List.of();
    }

    /** Replicas do not migrate, so these stay together, whoever of them is the master. */
    @Override
    public List<List<RedisNode>> copies() {
        return IntStream.range(0, MASTERS)
                .mapToObj(i -> List.of(nodes.get(i), nodes.get(MASTERS + i)))
                .toList();
    }

    @Override
    public List<RedisNode> wired() {
        return nodes;
    }

    /** Also that all agree about every node, since one that is thought to have failed cannot vote or take over. */
    @Override
    public boolean isInOrder() {
        List<RedisNode> masters = masters();
        return masters.size() == MASTERS
                && masters.stream()
                        .allMatch(master ->
                                master.info("replication", "connected_slaves").equals("1"))
                && nodes.stream().allMatch(node -> masters.contains(node) || node.isSyncedReplica())
                && nodes.stream().allMatch(this::knowsAll)
                && agreeOnMasters();
    }

    private boolean knowsAll(RedisNode node) {
        try {
            String info = node.ask("CLUSTER", "INFO");
            String known = node.ask("CLUSTER", "NODES");
            return info.contains("cluster_state:ok")
                    && info.contains("cluster_known_nodes:" + nodes.size())
                    && !known.contains("fail")
                    && !known.contains("handshake")
                    && !known.contains("disconnected");
        } catch (IOException _) {
            return false; // it is dead, or loads its file
        }
    }

    private boolean agreeOnMasters() {
        return nodes.stream()
                        .map(node -> {
                            try {
                                return node.ask("CLUSTER", "NODES")
                                        .lines()
                                        .filter(line -> line.contains("master"))
                                        .map(line -> line.substring(0, line.indexOf(' ')))
                                        .sorted()
                                        .toList();
                            } catch (IOException _) {
                                return List.of(node); // agrees with nobody
                            }
                        })
                        .distinct()
                        .count()
                == 1;
    }

    @Override
    public void failOver() throws IOException {
        List<RedisNode> replicas =
                nodes.stream().filter(RedisNode::isSyncedReplica).toList();
        replicas.get(random.nextInt(replicas.size())).ask("CLUSTER", "FAILOVER");
    }

    @Override
    public boolean moveSlot() throws IOException {
        List<RedisNode> masters = new ArrayList<>(masters());
        RedisNode from = masters.remove(random.nextInt(masters.size()));
        RedisNode to = masters.get(random.nextInt(masters.size()));
        for (int tries = 0; tries < MOST_KEYS_TRIED; tries++) {
            String key = from.ask("RANDOMKEY");
            if (key.isEmpty()) {
                break; // it holds nothing, so nobody would notice
            }
            String slot = from.ask("CLUSTER", "KEYSLOT", key);
            if (!keptSlots.contains(slot)) {
                moveSlot(slot, from, to);
                return true;
            }
        }
        return false;
    }

    /** As redis-cli does it, while clients read and write what is moved. */
    void moveSlot(String slot, RedisNode from, RedisNode to) throws IOException {
        String fromId = from.ask("CLUSTER", "MYID");
        String toId = to.ask("CLUSTER", "MYID");
        to.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", fromId);
        from.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", toId);
        while (true) {
            List<String> keys = from.ask("CLUSTER", "GETKEYSINSLOT", slot, Integer.toString(KEYS_AT_ONCE))
                    .lines()
                    .filter(key -> !key.isEmpty())
                    .toList();
            if (keys.isEmpty()) {
                break;
            }
            List<String> command = new ArrayList<>(
                    List.of("MIGRATE", "127.0.0.1", Integer.toString(to.port()), "", "0", MIGRATE_MILLIS, "KEYS"));
            command.addAll(keys);
            from.ask(command.toArray(String[]::new));
        }
        to.ask("CLUSTER", "SETSLOT", slot, "NODE", toId);
        from.ask("CLUSTER", "SETSLOT", slot, "NODE", toId);
        for (RedisNode node : masters()) {
            node.ask("CLUSTER", "SETSLOT", slot, "NODE", toId);
        }
    }
}
