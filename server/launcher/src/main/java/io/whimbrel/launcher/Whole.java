package io.whimbrel.launcher;

import io.vertx.core.Vertx;
import io.whimbrel.auth.KeySource;
import io.whimbrel.auth.LocalVerifier;
import io.whimbrel.auth.TokenVerifier;
import io.whimbrel.broker.Broker;
import io.whimbrel.broker.memory.MemoryNetwork;
import io.whimbrel.broker.redis.RedisBroker;
import io.whimbrel.broker.redis.RedisSettings;
import io.whimbrel.gateway.BrokerFactory;
import io.whimbrel.gateway.Gateway;
import io.whimbrel.ops.TlsFiles;
import io.whimbrel.redis.EmbeddedRedis;
import io.whimbrel.redis.EmbeddedRedisException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Redis, gateway and web server in one process, started in this order and stopped in the other: when the web server's
 * port is open, everything is there. Safe for any thread.
 */
final class Whole implements AutoCloseable {
    /** What differs from the parts alone: there is no second machine to spread goodbyes for, and no web server to ask. */
    static final Map<String, String> DEFAULTS = Map.of("gateway.drain.seconds", "2", "gateway.auth.mode", "local");

    private static final Logger log = LoggerFactory.getLogger(Whole.class);

    /** How long a Redis that is said to be there may take to answer. */
    private static final Duration REDIS_PATIENCE = Duration.ofSeconds(5);

    /** Short enough to keep the promised time to stop, long enough to save what pub/sub leaves in Redis. */
    private static final Duration REDIS_STOP = Duration.ofMillis(1_500);

    private final Teardown teardown = new Teardown();
    private final @Nullable EmbeddedRedis redis;
    private final String redisDescription;
    private final Gateway gateway;
    private final WebService web;
    private final boolean secure;

    private Whole(Settings settings) {
        try {
            requireFreePorts(settings);
            KeySource.SigningKey key = AuthParts.signingKey(settings);
            boolean memory = settings.oneOf("broker.type", "redis", "memory").equals("memory");
            boolean ownRedis = !memory && !settings.isGiven("broker.redis.uri");
            redis = ownRedis ? startRedis(settings) : null;
            Vertx vertx = VertxParts.start(Runtime.getRuntime().availableProcessors(), teardown);
            TlsFiles tls = EdgeParts.openTls(settings, teardown);
            secure = tls != null;
            Observability webSide = Observability.of("web");
            Observability gatewaySide = Observability.of("gateway");
            BrokerFactory brokers = memory ? memoryBrokers(settings) : redisBrokers(redisSettings(settings));
            redisDescription = describeRedis(settings, memory);

            TokenVerifier verifier = gatewayVerifier(settings, key);
            gateway = GatewayService.start(settings, vertx, brokers, verifier, tls, gatewaySide, teardown);
            Broker publisher = brokers.join(Broker.Listener.NONE, VertxParts.loops(vertx));
            teardown.add(publisher);
            // The page is announced next, and whoever comes then is to be let in: what Redis has of revocations is
            // known, too.
            awaitRedis(() -> gatewaySide.health().problems().values().stream().findFirst());
            awaitRedis(publisher::outage);
            web = WebService.start(settings, vertx, publisher, key, gateway.port(), tls, webSide, teardown);
            // Both at once, so that the time to stop is that of the slower one.
            teardown.add(this::stopServices);
        } catch (RuntimeException | Error e) {
            teardown.close();
            throw e;
        }
    }

    static Whole start(Settings settings) {
        return new Whole(settings);
    }

    int webPort() {
        return web.port();
    }

    int gatewayPort() {
        return gateway.port();
    }

    /** Whether clients come by TLS. */
    boolean secure() {
        return secure;
    }

    String redisDescription() {
        return redisDescription;
    }

    /** Ends what would outlive a program that ends at once; does not wait. */
    void stopNow() {
        if (redis != null) {
            redis.stopNow();
        }
    }

    /** Stops all in order. */
    @Override
    public void close() {
        teardown.close();
    }

    private void stopServices() throws Exception {
        CompletableFuture<Void> gatewayStopped = CompletableFuture.runAsync(gateway::stop);
        try {
            web.stop();
        } finally {
            gatewayStopped.join();
        }
    }

    private static void requireFreePorts(Settings settings) {
        Ports.requireFree("web.port", settings.text("web.host"), settings.number("web.port", 0, 65_535));
        Ports.requireFree("gateway.port", settings.text("gateway.host"), settings.number("gateway.port", 0, 65_535));
    }

    private EmbeddedRedis startRedis(Settings settings) {
        try {
            EmbeddedRedis started = EmbeddedRedis.start(
                    RedisParts.embedded(settings).withStopTimeout(REDIS_STOP).withOtherPortWhenTaken());
            teardown.add(started);
            return started;
        } catch (EmbeddedRedisException e) {
            throw new StartException(e.sentence(), e);
        }
    }

    private RedisSettings redisSettings(Settings settings) {
        return redis == null
                ? RedisParts.broker(settings)
                : RedisParts.broker(settings.with("broker.redis.uri", redis.uri()));
    }

    private String describeRedis(Settings settings, boolean memory) {
        if (memory) {
            return "none, messages stay in this process";
        }
        return redis == null
                ? RedisParts.broker(settings).address()
                : "port %d, data in %s".formatted(redis.port(), settings.dataFolder());
    }

    private static BrokerFactory redisBrokers(RedisSettings settings) {
        return (listener, loops) -> RedisParts.begin(RedisBroker.connect(settings, loops, listener));
    }

    private static BrokerFactory memoryBrokers(Settings settings) {
        MemoryNetwork network = new MemoryNetwork(
                MemoryNetwork.DEFAULT_QUEUE_LIMIT, RedisParts.history(settings), InstantSource.system());
        return (listener, _) -> network.join(listener);
    }

    private TokenVerifier gatewayVerifier(Settings settings, KeySource.SigningKey key) {
        if (settings.oneOf("gateway.auth.mode", "callback", "local").equals("local")) {
            LocalVerifier local = AuthParts.gatewayVerifier(settings, key);
            teardown.add(local);
            return local;
        }
        var callback = AuthParts.callbackVerifier(settings);
        teardown.add(callback);
        return callback;
    }

    private static void awaitRedis(Supplier<Optional<String>> problem) {
        long end = System.nanoTime() + REDIS_PATIENCE.toNanos();
        Optional<String> outage = problem.get();
        while (outage.isPresent()) {
            if (System.nanoTime() > end) {
                throw new StartException(("Redis is not there (%s): start it, correct --redis, "
                                + "or leave --redis out to use the embedded one")
                        .formatted(outage.get()));
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
            outage = problem.get();
        }
        log.debug("Redis is there");
    }
}
