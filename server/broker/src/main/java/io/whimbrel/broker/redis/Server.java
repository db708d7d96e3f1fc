package io.whimbrel.broker.redis;

import io.lettuce.core.api.StatefulRedisConnection;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletionStage;

/**
 * What a Redis says of itself to who connects ({@code INFO}), which holds for that connection: a server that is started anew, or
 * made the primary, ends it or is found out by what it answers.
 *
 * @param runId another one after each start
 * @param replicationId of the data it holds: another one after each start, and after each promotion
 * @param loading whether it still reads its files, and says untrue things of itself meanwhile, such as that it keeps none
 * @param primary whether it takes writes, being no replica
 * @param promoted whether it was a replica and went on with what it had
 * @param keepsFile whether what it holds is written to an append-only file
 * @param ofCluster whether it belongs to a cluster
 */
record Server(
        String runId,
        String replicationId,
        boolean loading,
        boolean primary,
        boolean promoted,
        boolean keepsFile,
        boolean ofCluster) {

    private static final int SHORT = 8;

    /** Which run of which data this is. */
    String run() {
        return shortened(runId) + shortened(replicationId);
    }

    private static String shortened(String id) {
        return id.substring(0, Math.min(SHORT, id.length()));
    }

    static CompletionStage<Server> ask(StatefulRedisConnection<String, byte[]> connection) {
        return connection.async().info().thenApply(Server::parse);
    }

    static Server parse(String info) {
        Map<String, String> fields = new HashMap<>();
        for (String line : info.split("\r?\n", -1)) {
            int colon = line.indexOf(':');
            if (colon > 0) {
                fields.put(line.substring(0, colon), line.substring(colon + 1));
            }
        }
        return new Server(
                fields.getOrDefault("run_id", ""),
                fields.getOrDefault("master_replid", ""),
                "1".equals(fields.get("loading")),
                "master".equals(fields.get("role")),
                !fields.getOrDefault("master_replid2", "0").matches("0*"),
                "1".equals(fields.get("aof_enabled")),
                "1".equals(fields.get("cluster_enabled")));
    }
}
