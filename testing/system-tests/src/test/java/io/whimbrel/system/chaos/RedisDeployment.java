package io.whimbrel.system.chaos;

import static org.awaitility.Awaitility.await;

import io.whimbrel.system.Part;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * A way to run Redis that Whimbrel knows, with an append-only file for each copy of the data. Used on one thread, but for the nodes.
 */
sealed interface RedisDeployment extends AutoCloseable permits StandaloneRedis, SentinelRedis, ClusterRedis {
    Duration POLL = Duration.ofMillis(50);

    /** Those of which there are runs, by the name they have in settings and reports. */
    enum Form {
        STANDALONE,
        SENTINEL,
        CLUSTER;

        RedisDeployment in(Path folder) throws IOException {
            Path program = RedisProgram.extractTo(folder);
            return switch (this) {
                case STANDALONE -> new StandaloneRedis(program, folder);
                case SENTINEL -> new SentinelRedis(program, folder);
                case CLUSTER -> new ClusterRedis(program, folder);
            };
        }
    }

    /** Starts everything and waits until it is in order. */
    void start() throws Exception;

    /** What a part is told with {@code --redis}. */
    String uri();

    /** Who hold data. */
    List<RedisNode> nodes();

    List<RedisNode> sentinels();

    /** Who take writes, as they themselves say. */
    default List<RedisNode> masters() {
        return nodes().stream().filter(RedisNode::isMaster).toList();
    }

    /** Who hold the same data. */
    List<List<RedisNode>> copies();

    /** Among how many primaries what is kept is divided. */
    default int shards() {
        return 1;
    }

    /** Which of them has this key, as it was at the start. */
    default int shardOf(String key) throws IOException {
        return 0;
    }

    /** The key's slot is not among those that are moved. */
    default void keepInPlace(String key) throws IOException {
        // nothing is moved
    }

    /** The nodes to which everybody comes by their wires. */
    List<RedisNode> wired();

    /** Whether every copy is there and has what it should, so that one of them may be harmed. */
    boolean isInOrder();

    default void awaitOrder() {
        await().pollInterval(POLL).atMost(Part.DEADLINE).until(this::isInOrder);
    }

    /** Makes a replica the master, in order. */
    default void failOver() throws Exception {
        throw new UnsupportedOperationException("there is no replica");
    }

    /** Moves a slot that holds something from one master to another; answers whether there was one. */
    default boolean moveSlot() throws Exception {
        throw new UnsupportedOperationException("there are no slots");
    }

    @Override
    default void close() throws InterruptedException {
        for (RedisNode node : sentinels()) {
            node.close();
        }
        for (RedisNode node : nodes()) {
            node.close();
        }
    }
}
