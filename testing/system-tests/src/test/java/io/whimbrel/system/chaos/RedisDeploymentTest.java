package io.whimbrel.system.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.whimbrel.system.Part;
import io.whimbrel.system.chaos.RedisDeployment.Form;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** That the deployments do what the chaos suite believes: take over, come back, and move slots without losing keys. */
@Tag("chaos")
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class RedisDeploymentTest {
    private static final String KEY = "key";
    private static final String VALUE = "value";

    @TempDir
    private Path folder;

    @Test
    void aKilledRedisComesBackWithItsData() throws Exception {
        try (RedisDeployment redis = Form.STANDALONE.in(folder)) {
            redis.start();
            RedisNode node = redis.nodes().getFirst();
            node.ask("SET", KEY, VALUE);

            node.kill();
            assertThat(redis.isInOrder()).isFalse();
            node.start();

            redis.awaitOrder();
            assertThat(node.ask("GET", KEY)).isEqualTo(VALUE);
        }
    }

    @Test
    void sentinelsLetTheReplicaTakeOverAndTheOldMasterFollowsIt() throws Exception {
        try (RedisDeployment redis = Form.SENTINEL.in(folder)) {
            redis.start();
            RedisNode first = redis.nodes().getFirst();
            RedisNode second = redis.nodes().getLast();
            first.ask("SET", KEY, VALUE);
            await().atMost(Part.DEADLINE).until(() -> second.ask("GET", KEY).equals(VALUE));

            first.kill();
            await().atMost(Part.DEADLINE).until(second::isMaster);
            first.start();

            redis.awaitOrder();
            assertThat(first.isSyncedReplica()).isTrue();
            assertThat(second.ask("GET", KEY)).isEqualTo(VALUE);
            assertThat(redis.uri()).startsWith("redis-sentinel://127.0.0.1:").endsWith("#whimbrel");

            redis.failOver();
            await().atMost(Part.DEADLINE).until(first::isMaster);
            redis.awaitOrder();
        }
    }

    @Test
    void aReplicaOfAClusterTakesOverAndTheOldMasterFollowsIt() throws Exception {
        try (ClusterRedis redis = (ClusterRedis) Form.CLUSTER.in(folder)) {
            redis.start();
            RedisNode master = redis.masters().getFirst();
            List<RedisNode> before = redis.masters();

            master.kill();
            await().atMost(Part.DEADLINE)
                    .until(() -> redis.masters().size() == 3 && !redis.masters().equals(before));
            master.start();

            redis.awaitOrder();
            assertThat(master.isSyncedReplica()).isTrue();

            redis.failOver();
            redis.awaitOrder();
        }
    }

    @Test
    void aSlotMovesWithItsKeys() throws Exception {
        try (ClusterRedis redis = (ClusterRedis) Form.CLUSTER.in(folder)) {
            redis.start();
            String slot = redis.nodes().getFirst().ask("CLUSTER", "KEYSLOT", KEY);
            RedisNode from = redis.masters().stream()
                    .filter(RedisDeploymentTest::accepts)
                    .findFirst()
                    .orElseThrow();
            RedisNode to = redis.masters().stream()
                    .filter(master -> !master.equals(from))
                    .findFirst()
                    .orElseThrow();

            redis.moveSlot(slot, from, to);

            redis.awaitOrder();
            assertThat(to.ask("GET", KEY)).isEqualTo(VALUE);
            assertThat(accepts(from)).isFalse();
        }
    }

    @Test
    void theShardOfAKeyIsThatOfTheNodeThatTakesIt() throws Exception {
        try (RedisDeployment redis = Form.CLUSTER.in(folder)) {
            redis.start();

            for (int i = 0; i < 20; i++) {
                String key = KEY + i;
                RedisNode node = redis.nodes().get(redis.shardOf(key));

                assertThat(node.ask("SET", key, VALUE)).isEqualTo("OK");
            }
        }
    }

    @Test
    void aSlotThatIsToBeKeptDoesNotMove() throws Exception {
        try (RedisDeployment redis = Form.CLUSTER.in(folder)) {
            redis.start();
            redis.nodes().get(redis.shardOf(KEY)).ask("SET", KEY, VALUE);
            redis.keepInPlace(KEY);

            for (int i = 0; i < 20; i++) {
                assertThat(redis.moveSlot()).isFalse();
            }
        }
    }

    private static boolean accepts(RedisNode master) {
        try {
            return master.ask("SET", KEY, VALUE).equals("OK");
        } catch (IOException _) {
            return false; // MOVED
        }
    }
}
