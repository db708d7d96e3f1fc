package io.whimbrel.system.chaos;

import static java.util.stream.Collectors.joining;
import static org.awaitility.Awaitility.await;

import io.whimbrel.system.Part;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** A master, a replica, and three sentinels that let the one take the place of the other. */
final class SentinelRedis implements RedisDeployment {
    private static final String MASTER_NAME = "whimbrel";
    private static final int SENTINELS = 3;
    private static final List<String> MODE = List.of("--sentinel");

    private final RedisNode first;
    private final RedisNode second;
    private final List<RedisNode> sentinels = new ArrayList<>();

    SentinelRedis(Path program, Path folder) throws IOException {
        first = node("redis 0", program, folder);
        second = node("redis 1", program, folder)
                .with("replicaof 127.0.0.1 " + first.wire().port());
        for (int i = 0; i < SENTINELS; i++) {
            sentinels.add(new RedisNode(
                    "sentinel " + i,
                    program,
                    folder,
                    List.of(
                            "sentinel monitor %s 127.0.0.1 %d 2"
                                    .formatted(MASTER_NAME, first.wire().port()),
                            "sentinel down-after-milliseconds %s 1000".formatted(MASTER_NAME),
                            "sentinel failover-timeout %s 4000".formatted(MASTER_NAME)),
                    MODE.toArray(String[]::new)));
        }
    }

    private static RedisNode node(String name, Path program, Path folder) throws IOException {
        RedisNode node = new RedisNode(name, program, folder, RedisNode.DURABLE);
        return node.with(
                "replica-announce-ip 127.0.0.1",
                "replica-announce-port " + node.wire().port());
    }

    /** The sentinels last: those that do not find the replica at once look for it again only after 10 s. */
    @Override
    public void start() throws IOException {
        first.start();
        second.start();
        await().pollInterval(POLL).atMost(Part.DEADLINE).until(() -> first.isMaster() && second.isSyncedReplica());
        for (RedisNode sentinel : sentinels) {
            sentinel.start();
        }
        awaitOrder();
    }

    @Override
    public String uri() {
        return "redis-sentinel://%s#%s"
                .formatted(
                        sentinels.stream()
                                .map(it -> "127.0.0.1:" + it.wire().port())
                                .collect(joining(",")),
                        MASTER_NAME);
    }

    @Override
    public List<RedisNode> nodes() {
        return List.of(first, second);
    }

    @Override
    public List<RedisNode> sentinels() {
        return sentinels;
    }

    @Override
    public List<List<RedisNode>> copies() {
        return List.of(nodes());
    }

    @Override
    public List<RedisNode> wired() {
        return Stream.concat(nodes().stream(), sentinels.stream()).toList();
    }

    /** Also that all sentinels know who is master, and each other, so that they can agree the next time. */
    @Override
    public boolean isInOrder() {
        RedisNode master = first.isMaster() ? first : second;
        RedisNode replica = master.equals(first) ? second : first;
        return master.isMaster()
                && replica.isSyncedReplica()
                && master.info("replication", "connected_slaves").equals("1")
                && sentinels.stream().allMatch(sentinel -> agrees(sentinel, master));
    }

    private static boolean agrees(RedisNode sentinel, RedisNode master) {
        String said = sentinel.info("sentinel", "master0");
        try {
            return said.contains("name=%s,status=ok,address=127.0.0.1:%d,slaves=1,sentinels=%d"
                            .formatted(MASTER_NAME, master.wire().port(), SENTINELS))
                    && sentinel.ask("SENTINEL", "REPLICAS", MASTER_NAME)
                            .contains("\nflags\nslave\n") // and not: disconnected, or down
                    && sentinel.ask("SENTINEL", "REPLICAS", MASTER_NAME).contains("\nmaster-link-status\nok\n");
        } catch (IOException _) {
            return false; // it is just dead
        }
    }

    RedisNode master() {
        return first.isMaster() ? first : second;
    }

    /** A sentinel refuses until it has heard of the replica within the last seconds. */
    @Override
    public void failOver() {
        await().pollInterval(POLL)
                .atMost(Part.DEADLINE)
                .ignoreException(IOException.class)
                .until(() -> sentinels
                        .getFirst()
                        .ask("SENTINEL", "FAILOVER", MASTER_NAME)
                        .equals("OK"));
    }
}
