package io.whimbrel.broker.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.cluster.SlotHash;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The primaries of a Redis Cluster. Which slots are whose is asked of any node ({@code CLUSTER SLOTS}): at the start, when a node
 * says that something is not its own, while a shard is away, and now and then. Works on one event loop; what others read is
 * a snapshot.
 */
final class ClusterShards implements Shards {
    private static final Logger log = LoggerFactory.getLogger(ClusterShards.class);

    /** Looked up also without a reason. */
    static final Duration LOOK_EVERY = Duration.ofSeconds(5);
    /** While a shard is away, its replica may take its place at any moment. */
    private static final long LOOK_IN_TROUBLE_MILLIS = 250;
    /** Between two lookups, whatever the reason. */
    private static final long LOOK_AT_MOST_EVERY_MILLIS = 50;

    private final RedisSettings settings;
    private final LettuceClient client;
    private final EventLoop loop;
    private final List<RedisURI> seeds;
    private final Function<Node, Shard> newShard;
    private final Guests guests;
    private final long lookMillis;

    /** Nodes that were ever part of it, to ask when those in use are gone. */
    private final Set<Node> known = new LinkedHashSet<>();

    private final Queue<Runnable> waitingToKnow = new ArrayDeque<>();
    private final CompletableFuture<Void> settled = new CompletableFuture<>();
    private final List<CompletableFuture<Void>> waiting = new ArrayList<>();
    private boolean asking;
    private boolean askAgain;
    private boolean closed;

    private volatile Map<Node, Shard> shards = Map.of();
    /** By slot; empty until it is known for the first time. */
    private volatile Shard[] slots = {};

    private volatile @Nullable String trouble;

    /** Where a node of the cluster is reached. */
    record Node(String host, int port) {
        @Override
        public String toString() {
            return host + ':' + port;
        }
    }

    private record Range(int first, int last, Node primary) {}

    /** @param lookEvery how often it is looked up where the slots are, while nothing says that they have moved */
    ClusterShards(RedisSettings settings, LettuceClient client, Duration lookEvery, Function<Node, Shard> newShard) {
        this.settings = settings;
        this.client = client;
        this.newShard = newShard;
        lookMillis = lookEvery.toMillis();
        loop = client.home();
        guests = new Guests(loop, settings.requestQueueLimit(), newShard);
        seeds = settings.seeds();
        trouble = "connecting to " + settings.address();
    }

    @Override
    public void start() {
        loop.execute(() -> {
            look();
            lookLater();
        });
    }

    @Override
    public Shard of(String key) {
        Shard[] bySlot = slots;
        if (bySlot.length == 0) {
            throw new NoShardException(Objects.requireNonNullElse(trouble, "connecting to " + settings.address()));
        }
        return bySlot[SlotHash.getSlot(key)];
    }

    @Override
    public CompletionStage<Shard> at(Redirection redirection, String key) {
        String address = redirection.address();
        if (address != null) {
            for (Shard shard : shards.values()) {
                if (shard.address().equals(address)) {
                    return CompletableFuture.completedStage(shard);
                }
            }
            if (redirection.asking()) {
                CompletableFuture<Shard> found = new CompletableFuture<>();
                loop.execute(() -> find(parse(address), found));
                return found;
            }
        }
        return CompletableFuture.completedStage(of(key));
    }

    private void find(Node node, CompletableFuture<Shard> found) {
        Shard listed = shards.get(node);
        if (listed != null) {
            found.complete(listed);
        } else if (closed) {
            found.completeExceptionally(new NoShardException("the broker is closed"));
        } else {
            guests.visit(node, found);
        }
    }

    @Override
    public Collection<Shard> all() {
        return shards.values();
    }

    @Override
    public void whenKnown(Runnable task) {
        loop.execute(() -> {
            if (slots.length == 0) {
                waitingToKnow.add(task);
            } else {
                task.run();
            }
        });
    }

    @Override
    public CompletionStage<Void> refresh() {
        CompletableFuture<Void> refreshed = new CompletableFuture<>();
        loop.execute(() -> {
            waiting.add(refreshed);
            look();
        });
        return refreshed;
    }

    @Override
    public CompletionStage<Void> settled() {
        return settled;
    }

    @Override
    public Optional<String> outage() {
        return Optional.ofNullable(trouble)
                .or(() -> shards.values().stream()
                        .flatMap(shard -> shard.outage().stream())
                        .findFirst());
    }

    private void lookLater() {
        if (closed) {
            return;
        }
        long millis = outage().isPresent() ? LOOK_IN_TROUBLE_MILLIS : lookMillis;
        var _ = loop.schedule(
                () -> {
                    look();
                    lookLater();
                },
                millis,
                TimeUnit.MILLISECONDS);
    }

    private void look() {
        if (closed) {
            waiting.forEach(it -> it.complete(null));
            waiting.clear();
            return;
        }
        if (asking) {
            askAgain = true;
            return;
        }
        asking = true;
        askAgain = false;
        List<CompletableFuture<Void>> answered = List.copyOf(waiting);
        waiting.clear();
        beginAsking()
                .whenCompleteAsync(
                        (ranges, failure) -> {
                            if (closed) {
                                answered.forEach(it -> it.complete(null));
                                look(); // lets those go that came meanwhile
                                return;
                            }
                            if (failure == null) {
                                apply(ranges);
                            } else {
                                lost(failure);
                            }
                            answered.forEach(it -> it.complete(null));
                            var _ = loop.schedule(
                                    () -> {
                                        asking = false;
                                        if (askAgain || !waiting.isEmpty()) {
                                            look();
                                        }
                                    },
                                    LOOK_AT_MOST_EVERY_MILLIS,
                                    TimeUnit.MILLISECONDS);
                        },
                        loop);
    }

    private void lost(Throwable failure) {
        String why = "no node of the cluster of %s answers: %s"
                .formatted(settings.address(), RedisTrouble.describe(failure));
        if (slots.length == 0) {
            if (!why.equals(trouble)) {
                log.warn("Redis is away, trying on: {}", why);
            }
            trouble = why;
            settled.complete(null);
        } else {
            log.debug("{}", why); // each shard says itself that it is away
        }
    }

    /** One after the other is asked, until one answers: first those there are connections to. */
    private List<Candidate> candidates() {
        List<Candidate> connected = new ArrayList<>();
        shards.forEach((node, shard) -> {
            Connection connection = shard.commandsHere().connection();
            if (connection != null) {
                connected.add(new Candidate(node, connection.lettuce()));
            }
        });
        Collections.shuffle(connected);
        Set<Node> inUse = new HashSet<>();
        connected.forEach(it -> inUse.add(it.node));
        List<Candidate> all = new ArrayList<>(connected);
        Stream.concat(seeds.stream().map(uri -> new Node(uri.getHost(), uri.getPort())), known.stream())
                .distinct()
                .filter(node -> !inUse.contains(node))
                .forEach(node -> all.add(new Candidate(node, null)));
        return all;
    }

    private record Candidate(Node node, @Nullable StatefulRedisConnection<String, byte[]> connection) {}

    private CompletionStage<List<Range>> ask(List<Candidate> candidates) {
        Candidate first = candidates.getFirst();
        List<Candidate> others = candidates.subList(1, candidates.size());
        return ask(first)
                .exceptionallyCompose(
                        failure -> others.isEmpty() ? CompletableFuture.failedStage(failure) : ask(others));
    }

    /** What goes wrong at once is a failure like any other: else nobody would ever look again. */
    private CompletionStage<List<Range>> beginAsking() {
        try {
            return ask(candidates());
        } catch (RuntimeException e) {
            return CompletableFuture.failedStage(e);
        }
    }

    private CompletionStage<List<Range>> ask(Candidate candidate) {
        StatefulRedisConnection<String, byte[]> connection = candidate.connection;
        if (connection != null) {
            return slots(connection, candidate.node);
        }
        return client.connect(loop, uri(candidate.node))
                .toCompletableFuture() // Lettuce's own does not complete what is composed of it
                .thenCompose(own -> slots(own, candidate.node).whenComplete((_, _) -> own.closeAsync()));
    }

    RedisURI uri(Node node) {
        return RedisURI.builder(seeds.getFirst())
                .withHost(node.host)
                .withPort(node.port)
                .build();
    }

    private static CompletionStage<List<Range>> slots(StatefulRedisConnection<String, byte[]> connection, Node asked) {
        return connection.async().clusterSlots().thenApply(answer -> {
            List<Range> ranges = new ArrayList<>();
            for (Object each : answer) {
                List<?> range = (List<?>) each;
                int first = Math.toIntExact((Long) range.get(0));
                int last = Math.toIntExact((Long) range.get(1));
                ranges.add(new Range(first, last, node((List<?>) range.get(2), asked)));
            }
            if (ranges.isEmpty()) {
                throw new UnfitServerException("%s knows of no slots".formatted(asked));
            }
            return ranges;
        });
    }

    /** A node that does not know its own name leaves it out. */
    private static Node node(List<?> words, Node asked) {
        String host = words.get(0) instanceof byte[] text ? new String(text, UTF_8) : "";
        return new Node(host.isEmpty() || host.equals("?") ? asked.host : host, Math.toIntExact((Long) words.get(1)));
    }

    private void apply(List<Range> ranges) {
        Map<Node, Shard> before = shards;
        Shard[] slotsBefore = slots;
        Map<Node, Shard> now = new LinkedHashMap<>();
        Shard[] slotsNow = slotsBefore.length == 0 ? new Shard[SlotHash.SLOT_COUNT] : slotsBefore.clone();
        for (Range range : ranges) {
            known.add(range.primary);
            Shard shard = now.computeIfAbsent(range.primary, node -> {
                Shard old = before.get(node);
                if (old == null) {
                    old = guests.find(node);
                }
                return old == null ? newShard.apply(node) : old;
            });
            for (int slot = range.first; slot <= range.last; slot++) {
                slotsNow[slot] = shard;
            }
        }
        for (int slot = 0; slot < slotsNow.length; slot++) {
            Shard owner = slotsNow[slot];
            if (owner == null) {
                lost(new UnfitServerException("slot %d is served by no node".formatted(slot)));
                return;
            }
            now.putIfAbsent(nodeOf(owner, before), owner); // of a slot that nobody has at the moment
        }
        boolean same = now.equals(before) && Arrays.equals(slotsNow, slotsBefore);
        now.forEach((node, shard) -> {
            if (!before.containsKey(node)) {
                log.info("Of the cluster, {} is in use", node);
                if (guests.release(node)) {
                    shard.subscriptions().start();
                } else {
                    shard.start();
                }
            }
        });
        shards = Map.copyOf(now);
        slots = slotsNow;
        trouble = null;
        if (!same
                || Stream.concat(before.values().stream(), now.values().stream())
                        .anyMatch(shard -> shard.subscriptions().hasMisplaced())) {
            settle(before, now);
        }
        Runnable task;
        while ((task = waitingToKnow.poll()) != null) {
            task.run();
        }
        if (!settled.isDone()) {
            CompletableFuture.allOf(now.values().stream().map(Shard::settled).toArray(CompletableFuture[]::new))
                    .thenRun(() -> settled.complete(null));
        }
    }

    private static Node nodeOf(Shard shard, Map<Node, Shard> in) {
        return in.entrySet().stream()
                .filter(entry -> entry.getValue().equals(shard))
                .map(Map.Entry::getKey)
                .findFirst()
                .orElseGet(() -> parse(shard.address()));
    }

    private static Node parse(String address) {
        int colon = address.lastIndexOf(':');
        return new Node(address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)));
    }

    /** Every channel goes to the shard of its slot; who has no slot any more is closed. */
    private void settle(Map<Node, Shard> before, Map<Node, Shard> now) {
        Set<Shard> all = new LinkedHashSet<>(before.values());
        all.addAll(now.values());
        for (Shard shard : now.values()) {
            shard.probe().start(settings.keyPrefix(), slot -> slots[slot].equals(shard));
        }
        before.forEach((node, shard) -> {
            if (!now.containsKey(node)) {
                shard.probe().leave();
            }
        });
        for (Shard shard : all) {
            shard.subscriptions()
                    .settle(
                            channel -> of(channel).equals(shard),
                            channel -> of(channel).subscriptions());
        }
        before.forEach((node, shard) -> {
            if (!now.containsKey(node)) {
                log.info("Of the cluster, {} has no slots any more", node);
                var _ = shard.close();
            }
        });
    }

    @Override
    public CompletableFuture<Void> close() {
        closed = true;
        settled.complete(null);
        waitingToKnow.clear();
        return CompletableFuture.allOf(Stream.concat(shards.values().stream(), guests.releaseAll().stream())
                .map(Shard::close)
                .toArray(CompletableFuture[]::new));
    }
}
