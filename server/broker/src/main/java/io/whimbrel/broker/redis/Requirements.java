package io.whimbrel.broker.redis;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.StatefulRedisConnection;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What each Redis has to be for what the settings promise. Safe for any thread. */
final class Requirements implements Shard.Requirement {
    private static final Logger log = LoggerFactory.getLogger(Requirements.class);

    /** Longer than anything that tells of an earlier term. */
    private static final Duration KEPT_FOR = Histories.META_TIME.multipliedBy(2);

    private final RedisSettings settings;
    private final boolean cluster;
    /** What is wrong, by server. */
    private final Map<String, String> misfits = new ConcurrentHashMap<>();
    /** Of these it was said that they have more replicas than are waited for. */
    private final Set<String> warnedOf = ConcurrentHashMap.newKeySet();

    Requirements(RedisSettings settings) {
        this.settings = settings;
        cluster = settings.isCluster();
    }

    /** What is wrong with a Redis that was reached, and stays so until somebody changes it or the settings. */
    Optional<String> misfit() {
        return misfits.values().stream().findFirst();
    }

    @Override
    public CompletionStage<Void> check(StatefulRedisConnection<String, byte[]> connection, Server server) {
        if (server.loading()) {
            return failed("it is loading its data");
        }
        if (!server.primary()) { // until it is promoted, or another one is found
            return failed("it is a replica, which takes no writes");
        }
        if (server.ofCluster() && !cluster) {
            return unfit(
                    server,
                    "it belongs to a cluster: name at least two of its nodes, as in redis://host:port,host:port");
        }
        if (!server.ofCluster() && cluster) {
            return unfit(server, "it belongs to no cluster, but several nodes are named");
        }
        if (settings.durability() == Durability.FSYNC) {
            return connection
                    .async()
                    .configGet("*append*")
                    .handle((config, failure) -> failure == null ? syncs(server, config) : mayNotAsk(server, failure))
                    .thenCompose(checked -> checked);
        }
        if (settings.durability() == Durability.REPLICATED && server.replicas() > settings.replicas()) {
            warnOfOtherReplicas(server);
        }
        misfits.remove(server.runId());
        return CompletableFuture.completedFuture(null);
    }

    private CompletionStage<Void> syncs(Server server, Map<String, String> config) {
        String writes = config.getOrDefault("appendonly", "?");
        String syncs = config.getOrDefault("appendfsync", "?");
        String pauses = config.getOrDefault("no-appendfsync-on-rewrite", "?"); // then not even always is always
        if (writes.equals("yes") && syncs.equals("always") && pauses.equals("no")) {
            misfits.remove(server.runId());
            return CompletableFuture.completedFuture(null);
        }
        return unfit(
                server,
                "it has appendonly %s, appendfsync %s and no-appendfsync-on-rewrite %s, and broker.redis.durability is fsync: set them to yes, always and no there"
                        .formatted(writes, syncs, pauses));
    }

    private CompletionStage<Void> mayNotAsk(Server server, Throwable failure) {
        return RedisTrouble.isAnswer(failure)
                ? unfit(
                        server,
                        "it does not tell whether it has appendfsync always, as broker.redis.durability fsync needs:"
                                + " CONFIG GET is answered with "
                                + RedisTrouble.describe(failure))
                : CompletableFuture.failedFuture(failure);
    }

    /** Whoever has not heard of a message may be promoted where those that have are away, too. */
    private void warnOfOtherReplicas(Server server) {
        if (warnedOf.add(server.runId())) {
            log.warn(
                    "Redis has {} replicas, and broker.redis.replicas is {}: another one that takes over may lack what"
                            + " was accepted, and no client is told",
                    server.replicas(),
                    settings.replicas());
        }
    }

    private CompletableFuture<Void> unfit(Server server, String why) {
        misfits.put(server.runId(), why);
        return failed(why);
    }

    private static CompletableFuture<Void> failed(String why) {
        return CompletableFuture.failedFuture(new UnfitServerException(why));
    }

    /**
     * Where replicas must have what is accepted, nothing can be missing, whoever goes on. Otherwise one that was promoted may lack
     * something, as may one that has no file. In a cluster each change of the server counts as such.
     */
    @Override
    public CompletionStage<byte[]> term(StatefulRedisConnection<String, byte[]> connection, Server server) {
        String run = server.run();
        if (settings.durability() == Durability.REPLICATED) {
            return CompletableFuture.completedFuture(term("r", run));
        }
        if (cluster) {
            return CompletableFuture.completedFuture(term(run, run));
        }
        boolean mayLack = server.promoted() || !server.keepsFile();
        byte[][] arguments = {
            run.getBytes(US_ASCII),
            {(byte) (mayLack ? '1' : '0')},
            Long.toString(KEPT_FOR.toMillis()).getBytes(US_ASCII)
        };
        CompletionStage<List<Object>> answer = connection
                .async()
                .eval(
                        Script.TERM.lua(),
                        ScriptOutputType.MULTI,
                        new String[] {settings.keyPrefix() + ":term"},
                        arguments);
        return answer.thenApply(doubt -> term(new String((byte[]) doubt.getFirst(), US_ASCII), run));
    }

    private static byte[] term(String doubt, String run) {
        return (doubt + '.' + run).getBytes(US_ASCII);
    }
}
