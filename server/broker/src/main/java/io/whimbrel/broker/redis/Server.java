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
 * @param promotedFrom of what data it went on with when it was promoted last, another one each time; empty if it never was, or has had
 *     no replica for an hour since. The id of its data itself changes as well when a first replica comes, which means nothing here.
 * @param loading whether it still reads its files, and says untrue things of itself meanwhile, such as that it keeps none
 * @param primary whether it takes writes, being no replica
 * @param keepsFile whether what it holds is written to an append-only file
 * @param ofCluster whether it belongs to a cluster
 * @param replicas how many are connected to it
 */
record Server(
        String runId,
        String promotedFrom,
        boolean loading,
        boolean primary,
        boolean keepsFile,
        boolean ofCluster,
        int replicas) {

    private static final int SHORT = 8;

    /** Which run of which data this is: {@code <run>} or {@code <run>-<promotion>}. */
    String run() {
        return promoted() ? shortened(runId) + '-' + shortened(promotedFrom) : shortened(runId);
    }

    /** Whether it was a replica, and went on with what it had. */
    boolean promoted() {
        return !promotedFrom.isEmpty();
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
        String second = fields.getOrDefault("master_replid2", "");
        return new Server(
                fields.getOrDefault("run_id", ""),
                second.matches("0*") ? "" : second,
                "1".equals(fields.get("loading")),
                "master".equals(fields.get("role")),
                "1".equals(fields.get("aof_enabled")),
                "1".equals(fields.get("cluster_enabled")),
                Integer.parseInt(fields.getOrDefault("connected_slaves", "0")));
    }
}
