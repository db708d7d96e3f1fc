package io.whimbrel.broker.redis;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.resolver.AddressResolverGroup;
import io.whimbrel.broker.Broker;
import io.whimbrel.broker.BrokerCounters;
import io.whimbrel.broker.BrokerUnavailableException;
import io.whimbrel.broker.History;
import io.whimbrel.broker.IdempotencyKey;
import io.whimbrel.broker.Notices;
import io.whimbrel.broker.PlainChannels;
import io.whimbrel.broker.Published;
import io.whimbrel.broker.PublishedOnce;
import io.whimbrel.broker.Receipts;
import io.whimbrel.broker.Tops;
import io.whimbrel.broker.Traces;
import io.whimbrel.model.Position;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The broker on Redis: one pub/sub channel per topic, named {@code <prefix>:{<topic>}}, and keys besides for topics that are kept
 * and for idempotency keys, {@link TopicKeys}; the braces make all of them share a slot in a cluster. Each node has two connections to
 * each {@link Shard}, for commands and for subscriptions; one that only publishes has one for commands on each event loop it was
 * given, so that who publishes on one of them is answered there. Safe for any thread; listeners are called on one event loop.
 */
public final class RedisBroker implements Broker, PlainChannels {
    private static final Logger log = LoggerFactory.getLogger(RedisBroker.class);

    private static final long CLOSE_TIMEOUT_MILLIS = 2000;

    private final RedisSettings settings;
    private final LettuceClient client;
    private final BrokerCounters counters = new BrokerCounters();
    private final Requirements requirements;
    private final boolean cluster;
    private final Shards shards;
    private final Errands errands;
    private final Histories histories;
    private final RedisReceipts receipts;
    private final RedisNotices notices;
    private final RedisTraces traces;
    private volatile boolean closed;

    private RedisBroker(
            RedisSettings settings,
            @Nullable EventLoopGroup group,
            Listener listener,
            @Nullable AddressResolverGroup<?> names,
            Duration lookEvery) {
        this.settings = settings;
        client = new LettuceClient(settings, group, listener.equals(Listener.NONE), names);
        histories = new Histories(this, settings);
        receipts = new RedisReceipts(this, settings.keyPrefix());
        notices = new RedisNotices(this, settings.keyPrefix(), client.home());
        traces = new RedisTraces(this, settings.keyPrefix());
        requirements = new Requirements(settings);
        cluster = settings.isCluster();
        shards = cluster ? cluster(listener, lookEvery) : oneShard(listener);
        errands = new Errands(shards, cluster, settings.timeout());
    }

    private Shards oneShard(Listener listener) {
        return new OneShard(
                settings,
                client,
                whereabouts -> new Shard(
                        settings.address(), whereabouts, client, requirements, false, listener, counters, () -> {}));
    }

    private Shards cluster(Listener listener, Duration lookEvery) {
        ClusterShards[] all = new ClusterShards[1]; // its shards know it
        all[0] = new ClusterShards(
                settings,
                client,
                lookEvery,
                node -> new Shard(
                        node.toString(),
                        () -> CompletableFuture.completedFuture(all[0].uri(node)),
                        client,
                        requirements,
                        true,
                        listener,
                        counters,
                        () -> all[0].refresh()));
        return all[0];
    }

    /** Returns at once and connects in the background, for as long as it takes: see {@link #outage}. */
    public static RedisBroker connect(RedisSettings settings, Listener listener) {
        return new RedisBroker(settings, null, listener, null, ClusterShards.LOOK_EVERY).start();
    }

    /** The same with names resolved in another way than usual. */
    static RedisBroker connect(RedisSettings settings, Listener listener, AddressResolverGroup<?> names) {
        return new RedisBroker(settings, null, listener, names, ClusterShards.LOOK_EVERY).start();
    }

    /** The same with another time between looks where the slots of a cluster are. */
    static RedisBroker connect(RedisSettings settings, Listener listener, Duration lookEvery) {
        return new RedisBroker(settings, null, listener, null, lookEvery).start();
    }

    /**
     * The same on event loops of a group, which is the caller's to shut down, after this broker was closed: on all of
     * them with {@link Broker.Listener#NONE}, else on one.
     */
    public static RedisBroker connect(RedisSettings settings, EventLoopGroup group, Listener listener) {
        return new RedisBroker(settings, group, listener, null, ClusterShards.LOOK_EVERY).start();
    }

    private RedisBroker start() {
        shards.start();
        return this;
    }

    /**
     * Completes when each connection has been made, or has failed for the first time, on one of the broker's event loops.
     * For who would rather begin when there is something to work with.
     */
    public CompletionStage<Void> settled() {
        return shards.settled();
    }

    /**
     * What is wrong with a Redis that was reached, in words for the operator: it is not what the settings promise, and stays so
     * until somebody changes it or them. Known once this broker has {@link #settled}.
     */
    public Optional<String> misfit() {
        return requirements.misfit();
    }

    @Override
    public CompletionStage<Published> publish(Publication publication) {
        String channel = channelOf(publication.topic());
        Supplier<CompletionStage<Published>> publishing = keeps(publication.topic())
                ? () -> errands.run("publishing", channel, connection -> histories.publish(connection, publication))
                : () -> Stages.map(
                        announce(channel, Envelope.encode(publication)), nodes -> new Published(nodes, null));
        return counted(receipts.behind(publication, publishing));
    }

    @Override
    public CompletionStage<PublishedOnce> publish(Publication publication, IdempotencyKey key) {
        CompletionStage<PublishedOnce> publishing = receipts.behind(
                publication,
                () -> errands.run(
                        "publishing",
                        channelOf(publication.topic()),
                        connection -> histories.publish(connection, publication, key)));
        var _ = publishing.whenComplete((outcome, _) -> counters.countOnce(outcome));
        return publishing;
    }

    @Override
    public CompletionStage<Integer> publish(String channel, byte[] record) {
        if (cluster) { // for listeners who know nothing of shards
            return counted(errands.run(
                    "publishing",
                    channel,
                    connection -> connection.commands().publish(channel, record).thenApply(Math::toIntExact)));
        }
        return counted(announce(channel, record));
    }

    /** Sends a message to the nodes that hear a channel; answers how many those are. */
    CompletionStage<Integer> announce(String channel, byte[] message) {
        return errands.run("publishing", channel, connection -> Errands.announce(connection, channel, message));
    }

    @Override
    public boolean keeps(Topic topic) {
        return settings.history().of(topic).keepsAny();
    }

    @Override
    public CompletionStage<History> history(Topic topic, long after, int limit) {
        requireKept(List.of(topic));
        History.check(after, limit);
        return errands.run(
                "reading what was kept",
                channelOf(topic),
                connection -> histories.read(connection, topic, after, limit));
    }

    @Override
    public CompletionStage<History> latest(Topic topic) {
        requireKept(List.of(topic));
        return errands.run(
                "reading what is newest", channelOf(topic), connection -> histories.readLatest(connection, topic));
    }

    @Override
    public CompletionStage<History> inbox(Topic topic, int limit) {
        requireKept(List.of(topic));
        History.check(0, limit);
        return errands.run(
                "reading an inbox", channelOf(topic), connection -> histories.readFromCursor(connection, topic, limit));
    }

    @Override
    public CompletionStage<Void> moveCursors(Map<Topic, Position> furthest) {
        requireKept(furthest.keySet());
        return histories.moveCursors(furthest);
    }

    @Override
    public CompletionStage<Tops> tops(Collection<Topic> topics) {
        requireKept(topics);
        return closed ? CompletableFuture.failedStage(closedException()) : histories.tops(topics);
    }

    private void requireKept(Collection<Topic> topics) {
        for (Topic topic : topics) {
            if (!keeps(topic)) {
                throw new IllegalArgumentException(topic + " is not kept");
            }
        }
    }

    /** For what is done with the connections to Redis. */
    Errands errands() {
        return errands;
    }

    private <T> CompletionStage<T> counted(CompletionStage<T> publishing) {
        var _ = publishing.whenComplete((_, failure) -> {
            if (failure == null) {
                counters.published.increment();
            } else {
                counters.publishFailures.increment();
            }
        });
        return publishing;
    }

    @Override
    public CompletionStage<Void> subscribe(Topic topic) {
        CompletableFuture<Void> result = new CompletableFuture<>();
        String channel = channelOf(topic);
        boolean asked = onLoop(() -> {
            try {
                CompletableFuture<Void> acknowledged =
                        shards.of(channel).subscriptions().subscribe(channel, topic, result);
                if (cluster && !acknowledged.isDone()) {
                    limit(channel, acknowledged);
                }
            } catch (Shards.NoShardException e) {
                result.completeExceptionally(RedisTrouble.unavailable("subscribing", e));
            }
        });
        if (!asked) {
            result.completeExceptionally(closedException());
        }
        return result;
    }

    /** One that waits for its slot to be served, or for the connection to where it has gone, may wait for ever. */
    private void limit(String channel, CompletableFuture<Void> subscribing) {
        var late = client.home()
                .schedule(
                        () -> {
                            shards.of(channel).subscriptions().abandon(channel, subscribing);
                            subscribing.completeExceptionally(
                                    new BrokerUnavailableException("subscribing: no answer in time"));
                        },
                        2 * settings.timeout().toMillis(), // a command's own time, and as much to go where it is sent
                        TimeUnit.MILLISECONDS);
        var _ = subscribing.whenComplete((_, _) -> late.cancel(false));
    }

    @Override
    public void unsubscribe(Topic topic) {
        String channel = channelOf(topic);
        var _ = onLoop(() -> {
            try {
                shards.of(channel).subscriptions().unsubscribe(channel);
            } catch (Shards.NoShardException e) {
                log.debug("Nothing is subscribed yet", e);
            }
        });
    }

    @Override
    public void listen(String channel, Consumer<byte[]> listener) {
        hearing(channel, subscriptions -> subscriptions.listenClassic(channel, listener));
    }

    /**
     * Listens to what nodes tell each other.
     *
     * @param onSubscribed called whenever Redis has newly subscribed this node to the channel: what was sent before was missed
     */
    void hear(String channel, Consumer<byte[]> listener, Runnable onSubscribed) {
        hearing(channel, subscriptions -> subscriptions.listen(channel, listener, onSubscribed));
    }

    private void hearing(String channel, Consumer<Subscriptions> task) {
        if (!onLoop(() -> shards.whenKnown(() -> task.accept(shards.of(channel).subscriptions())))) {
            throw closedException();
        }
    }

    /** Calls take effect in the order of this queue, also those made on the loop itself. False once the broker is closed. */
    private boolean onLoop(Runnable task) {
        if (closed) {
            return false;
        }
        try {
            client.home().execute(task);
            return true;
        } catch (RejectedExecutionException e) {
            log.debug("the event loop has ended", e); // its owner shut it down, or we were closed this moment
            return false;
        }
    }

    private String channelOf(Topic topic) {
        return TopicKeys.channel(settings.keyPrefix(), topic);
    }

    @Override
    public Optional<String> outage() {
        if (closed) {
            return Optional.of("the broker is closed");
        }
        return shards.outage();
    }

    @Override
    public Optional<String> notReady() {
        return outage().or(() -> shards.all().stream()
                .flatMap(shard -> shard.probe().doubt().stream())
                .findFirst());
    }

    @Override
    public BrokerCounters counters() {
        return counters;
    }

    @Override
    public Receipts receipts() {
        return receipts;
    }

    @Override
    public Notices notices() {
        return notices;
    }

    @Override
    public Traces traces() {
        return traces;
    }

    @Override
    public Optional<PlainChannels> plainChannels() {
        return Optional.of(this);
    }

    /** Waits at most 2 s; not at all when called on one of its own event loops, which have the work to do. */
    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        CompletableFuture<Void> down = closeShards().thenCompose(_ -> client.shutdown());
        if (client.loops().stream().anyMatch(EventLoop::inEventLoop)) {
            return;
        }
        try {
            down.get(CLOSE_TIMEOUT_MILLIS, TimeUnit.MILLISECONDS);
        } catch (TimeoutException | ExecutionException e) {
            log.warn("The connections to Redis were not closed in order: {}", RedisTrouble.describe(e));
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private CompletableFuture<Void> closeShards() {
        try {
            return CompletableFuture.supplyAsync(shards::close, client.home()).thenCompose(it -> it);
        } catch (RejectedExecutionException e) {
            log.debug("the event loop ended before the broker was closed", e);
            return CompletableFuture.completedFuture(null);
        }
    }

    Shards shards() {
        return shards;
    }

    boolean isCluster() {
        return cluster;
    }

    boolean isClosed() {
        return closed;
    }

    private static BrokerUnavailableException closedException() {
        return new BrokerUnavailableException("the broker is closed");
    }
}
