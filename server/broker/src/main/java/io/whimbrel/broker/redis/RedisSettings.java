package io.whimbrel.broker.redis;

import io.lettuce.core.RedisURI;
import io.netty.handler.ssl.SslContextBuilder;
import io.whimbrel.broker.HistoryRules;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * How to reach Redis, and what is kept there.
 *
 * @param uri {@code redis://[user:password@]host:port[/database]}, {@code rediss://} with TLS, {@code redis-sentinel://host:port,…#name} for the Redis that Sentinels
 *     call by that name, {@code redis-socket:///path}; or several {@code host:port} with commas, which are nodes of a cluster
 * @param keyPrefix what the names of all channels begin with, so that several systems can share one Redis
 * @param timeout how long an answer to a publish or subscribe is waited for
 * @param connectTimeout how long connecting may take, and the greeting after it
 * @param longestBackoff between two attempts to connect: a random time up to 50 ms, doubling up to this
 * @param requestQueueLimit commands that may wait for their answer before further ones are refused
 * @param history which topics are kept
 * @param durability what an accepted publication survives
 * @param replicas with {@link Durability#REPLICATED}, how many must have a publication before it counts as accepted
 * @param replicationTimeout how long these are waited for
 * @param trust PEM file with the certificates of those who may have signed that of Redis, where its URI is {@code rediss://}; null
 *     for those the JDK trusts
 */
public record RedisSettings(
        String uri,
        String keyPrefix,
        Duration timeout,
        Duration connectTimeout,
        Duration longestBackoff,
        int requestQueueLimit,
        HistoryRules history,
        Durability durability,
        int replicas,
        Duration replicationTimeout,
        @Nullable Path trust) {
    public static final String DEFAULT_URI = "redis://127.0.0.1:6379";
    public static final String DEFAULT_KEY_PREFIX = "whimbrel";
    public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(2);
    public static final Duration DEFAULT_CONNECT_TIMEOUT = Duration.ofSeconds(2);
    public static final Duration DEFAULT_LONGEST_BACKOFF = Duration.ofSeconds(1);
    public static final int DEFAULT_REQUEST_QUEUE_LIMIT = 100_000;

    public static final Duration DEFAULT_REPLICATION_TIMEOUT = Duration.ofSeconds(1);

    private static final int LONGEST_KEY_PREFIX = 64;
    private static final int MOST_REPLICAS = 100;
    /** A name or IPv4 address, or an IPv6 address. Lettuce is generous and would take a password for a host. */
    private static final Pattern HOST =
            Pattern.compile("[A-Za-z0-9._-]+|\\[?[0-9A-Fa-f.]*:[0-9A-Fa-f.:%]*:[0-9A-Za-z.:%]*]?");
    /** {@code redis://[user:password@]host:port,host:port…}: what stands before the first and behind the last goes for each. */
    private static final Pattern SEVERAL_NODES =
            Pattern.compile("(?<scheme>rediss?://(?:[^@/]*@)?)(?<nodes>[^@/?,]+(?:,[^@/?,]+)+)(?<rest>(?:[/?].*)?)");
    /** A password with a slash, question mark or hash that was not percent-encoded. */
    private static final Pattern PART_OF_PASSWORD_AS_PATH =
            Pattern.compile("^(?!rediss?-sentinel:).*#|^[^/]*//[^/?#@]*[/?#].*@");

    public RedisSettings {
        parse(uri);
        if (keyPrefix.isEmpty() || keyPrefix.length() > LONGEST_KEY_PREFIX || !keyPrefix.matches("[!-z|~]+")) {
            throw new IllegalArgumentException(
                    "broker.redis.key-prefix is '%s', allowed are 1 to %d visible ASCII characters other than braces"
                            .formatted(keyPrefix, LONGEST_KEY_PREFIX));
        }
        requirePositive("timeout", timeout);
        requirePositive("connect-timeout", connectTimeout);
        requirePositive("longest-backoff", longestBackoff);
        requirePositive("replication-timeout", replicationTimeout);
        if (replicas < 1 || replicas > MOST_REPLICAS) {
            throw new IllegalArgumentException(
                    "broker.redis.replicas is %d, allowed are 1 to %d".formatted(replicas, MOST_REPLICAS));
        }
        if (durability == Durability.REPLICATED && replicationTimeout.compareTo(timeout) >= 0) {
            throw new IllegalArgumentException(
                    "broker.redis.replication-timeout is %s, it must be shorter than broker.redis.timeout, %s"
                            .formatted(replicationTimeout, timeout));
        }
        if (trust != null) {
            requireCertificates(trust);
        }
        if (requestQueueLimit < 1) {
            throw new IllegalArgumentException(
                    "broker.redis.request-queue-limit is %d, it must be positive".formatted(requestQueueLimit));
        }
    }

    public static RedisSettings of(String uri) {
        return new RedisSettings(
                uri,
                DEFAULT_KEY_PREFIX,
                DEFAULT_TIMEOUT,
                DEFAULT_CONNECT_TIMEOUT,
                DEFAULT_LONGEST_BACKOFF,
                DEFAULT_REQUEST_QUEUE_LIMIT,
                HistoryRules.DEFAULT,
                Durability.MEMORY,
                1,
                DEFAULT_REPLICATION_TIMEOUT,
                null);
    }

    public RedisSettings withKeyPrefix(String prefix) {
        return with(it -> it.keyPrefix = prefix);
    }

    public RedisSettings withTimeout(Duration wanted) {
        return with(it -> it.timeout = wanted);
    }

    public RedisSettings withConnectTimeout(Duration wanted) {
        return with(it -> it.connectTimeout = wanted);
    }

    public RedisSettings withRequestQueueLimit(int commands) {
        return with(it -> it.requestQueueLimit = commands);
    }

    public RedisSettings withHistory(HistoryRules rules) {
        return with(it -> it.history = rules);
    }

    public RedisSettings withDurability(Durability wanted, int wantedReplicas, Duration wantedTimeout) {
        return with(it -> {
            it.durability = wanted;
            it.replicas = wantedReplicas;
            it.replicationTimeout = wantedTimeout;
        });
    }

    public RedisSettings withTrust(@Nullable Path file) {
        return with(it -> it.trust = file);
    }

    private RedisSettings with(Consumer<Draft> change) {
        Draft draft = new Draft(this);
        change.accept(draft);
        return draft.finished();
    }

    /** What can be changed of the settings. */
    private static final class Draft {
        private final RedisSettings from;
        private String keyPrefix;
        private Duration timeout;
        private Duration connectTimeout;
        private int requestQueueLimit;
        private HistoryRules history;
        private Durability durability;
        private int replicas;
        private Duration replicationTimeout;
        private @Nullable Path trust;

        Draft(RedisSettings from) {
            this.from = from;
            keyPrefix = from.keyPrefix;
            timeout = from.timeout;
            connectTimeout = from.connectTimeout;
            requestQueueLimit = from.requestQueueLimit;
            history = from.history;
            durability = from.durability;
            replicas = from.replicas;
            replicationTimeout = from.replicationTimeout;
            trust = from.trust;
        }

        RedisSettings finished() {
            return new RedisSettings(
                    from.uri,
                    keyPrefix,
                    timeout,
                    connectTimeout,
                    from.longestBackoff,
                    requestQueueLimit,
                    history,
                    durability,
                    replicas,
                    replicationTimeout,
                    trust);
        }
    }

    /** Where Redis is, without the credentials, for logs. */
    public String address() {
        List<RedisURI> parsed = parse(uri);
        RedisURI first = parsed.getFirst();
        if (!first.getSentinels().isEmpty()) {
            RedisURI sentinel = first.getSentinels().getFirst();
            return "%s://%s:%d (master %s)"
                    .formatted(
                            first.isSsl() ? "rediss-sentinel" : "redis-sentinel",
                            sentinel.getHost(),
                            sentinel.getPort(),
                            first.getSentinelMasterId());
        }
        if (first.getSocket() != null) {
            return "redis-socket://" + first.getSocket();
        }
        String hosts =
                parsed.stream().map(it -> it.getHost() + ':' + it.getPort()).collect(Collectors.joining(","));
        return (first.isSsl() ? "rediss://" : "redis://") + hosts;
    }

    /** Whether several nodes are named, which then are those of a cluster. */
    boolean isCluster() {
        return parse(uri).size() > 1;
    }

    /** One, or nodes of a cluster by which the others are found. */
    List<RedisURI> seeds() {
        List<RedisURI> parsed = parse(uri);
        for (RedisURI each : parsed) { // bounds the greeting; commands have a timeout of their own
            each.setTimeout(connectTimeout);
            each.getSentinels().forEach(sentinel -> sentinel.setTimeout(connectTimeout));
        }
        return parsed;
    }

    /** The cause is left out, since it quotes the text, which may hold a password. */
    @SuppressWarnings("UnusedException")
    private static List<RedisURI> parse(String uri) {
        List<RedisURI> parsed = new ArrayList<>();
        Matcher nodes = SEVERAL_NODES.matcher(uri);
        try {
            if (nodes.matches()) {
                for (String node : nodes.group("nodes").split(",", -1)) {
                    parsed.add(RedisURI.create(nodes.group("scheme") + node + nodes.group("rest")));
                }
            } else {
                parsed.add(RedisURI.create(uri));
            }
        } catch (RuntimeException e) {
            throw unreadable();
        }
        boolean named = parsed.stream().allMatch(RedisSettings::isNamed);
        if (!named || PART_OF_PASSWORD_AS_PATH.matcher(uri).find()) {
            throw unreadable();
        }
        return parsed;
    }

    private static boolean isNamed(RedisURI uri) {
        return uri.getSocket() != null
                || uri.getSentinels().stream().anyMatch(it -> isHost(it.getHost()))
                || isHost(uri.getHost());
    }

    private static boolean isHost(@Nullable String host) {
        return host != null && HOST.matcher(host).matches();
    }

    private static IllegalArgumentException unreadable() {
        return new IllegalArgumentException(
                "broker.redis.uri cannot be read (it is not shown, since it may hold a password): it must look like"
                        + " redis://user:password@host:6379");
    }

    private static void requirePositive(String name, Duration value) {
        if (!value.isPositive()) {
            throw new IllegalArgumentException("broker.redis.%s is %s, it must be positive".formatted(name, value));
        }
    }

    private static void requireCertificates(Path file) {
        try {
            var _ = SslContextBuilder.forClient().trustManager(file.toFile());
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "broker.redis.trust: %s cannot be read, or holds no PEM block '-----BEGIN CERTIFICATE-----'"
                            .formatted(file),
                    e);
        }
    }

    /** Without the credentials. */
    @Override
    public String toString() {
        return "RedisSettings[%s, prefix %s]".formatted(address(), keyPrefix);
    }
}
