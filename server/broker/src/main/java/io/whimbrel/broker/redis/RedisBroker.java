package io.whimbrel.broker.redis;

import io.lettuce.core.api.StatefulRedisConnection;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
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
import io.whimbrel.broker.Traces;
import io.whimbrel.model.Position;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
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
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The broker on Redis: one pub/sub channel per topic, named {@code <prefix>:{<topic>}}, and keys besides for topics that are kept
 * and for idempotency keys, {@link TopicKeys}; the braces make all of them share a slot in a cluster. A node that receives has two connections, for commands and for subscriptions. A
 * node that only publishes has one on each event loop it was given, so that who publishes on one of them is answered
 * there. Safe for any thread; listeners are called on one event loop.
 */
public final class RedisBroker implements Broker, PlainChannels {
    private static final Logger log = LoggerFactory.getLogger(RedisBroker.class);

    private static final long CLOSE_TIMEOUT_MILLIS = 2000;

    private final RedisSettings settings;
    private final LettuceClient client;
    private final BrokerCounters counters = new BrokerCounters();
    /** For commands; the first one is for who calls from elsewhere than one of our event loops. */
    private final List<RedisLink<StatefulRedisConnection<String, byte[]>>> commands;

    private final Subscriptions subscriptions;
    private final Histories histories;
    private final RedisReceipts receipts;
    private final RedisNotices notices;
    private final RedisTraces traces;
    private volatile boolean closed;

    private RedisBroker(RedisSettings settings, @Nullable EventLoopGroup group, Listener listener) {
        this.settings = settings;
        client = new LettuceClient(settings, group, onlyPublishes(listener));
        histories = new Histories(settings);
        receipts = new RedisReceipts(this, settings.keyPrefix());
        notices = new RedisNotices(this, settings.keyPrefix(), client.home());
        traces = new RedisTraces(this, settings.keyPrefix());
        commands = client.loops().stream().map(this::commandsOn).toList();
        subscriptions = new Subscriptions(client, listener, counters);
    }

    /** Returns at once and connects in the background, for as long as it takes: see {@link #outage}. */
    public static RedisBroker connect(RedisSettings settings, Listener listener) {
        return new RedisBroker(settings, null, listener).start(listener);
    }

    /**
     * The same on event loops of a group, which is the caller's to shut down, after this broker was closed: on all of
     * them with {@link Broker.Listener#NONE}, else on one.
     */
    public static RedisBroker connect(RedisSettings settings, EventLoopGroup group, Listener listener) {
        return new RedisBroker(settings, group, listener).start(listener);
    }

    private static boolean onlyPublishes(Listener listener) {
        return listener.equals(Listener.NONE);
    }

    private RedisLink<StatefulRedisConnection<String, byte[]>> commandsOn(EventLoop loop) {
        return new RedisLink<>(
                "commands",
                loop,
                settings,
                () -> client.connect(loop),
                connection -> histories
                        .prepare(connection)
                        .thenCombine(RedisReceipts.prepare(connection), (_, text) -> text)
                        .thenCombine(RedisNotices.prepare(connection), (_, text) -> text)
                        .thenCombine(RedisTraces.prepare(connection), (_, _) -> null),
                counters.reconnects::increment);
    }

    private RedisBroker start(Listener listener) {
        commands.forEach(RedisLink::start);
        if (!onlyPublishes(listener)) {
            subscriptions.link().start();
        }
        return this;
    }

    /**
     * Completes when each connection has been made, or has failed for the first time, on one of the broker's event loops.
     * For who would rather begin when there is something to work with.
     */
    public CompletionStage<Void> settled() {
        return CompletableFuture.allOf(Stream.concat(commands.stream(), Stream.of(subscriptions.link()))
                .filter(RedisLink::isStarted)
                .map(RedisLink::settled)
                .toArray(CompletableFuture[]::new));
    }

    @Override
    public CompletionStage<Published> publish(Publication publication) {
        if (keeps(publication.topic())) {
            return counted(onConnection("publishing", connection -> histories.publish(connection, publication)));
        }
        byte[] message = Envelope.encode(publication);
        return counted(onConnection(
                "publishing",
                connection -> connection
                        .async()
                        .publish(channelOf(publication.topic()), message)
                        .thenApply(nodes -> new Published(Math.toIntExact(nodes), null))));
    }

    @Override
    public CompletionStage<PublishedOnce> publish(Publication publication, IdempotencyKey key) {
        CompletionStage<PublishedOnce> publishing =
                onConnection("publishing", connection -> histories.publish(connection, publication, key));
        var _ = publishing.whenComplete((outcome, _) -> counters.countOnce(outcome));
        return publishing;
    }

    @Override
    public CompletionStage<Integer> publish(String channel, byte[] record) {
        return counted(onConnection(
                "publishing",
                connection -> connection.async().publish(channel, record).thenApply(Math::toIntExact)));
    }

    @Override
    public boolean keeps(Topic topic) {
        return settings.history().of(topic).keepsAny();
    }

    @Override
    public CompletionStage<History> history(Topic topic, long after, int limit) {
        requireKept(List.of(topic));
        History.check(after, limit);
        return onConnection("reading what was kept", connection -> histories.read(connection, topic, after, limit));
    }

    @Override
    public CompletionStage<History> latest(Topic topic) {
        requireKept(List.of(topic));
        return onConnection("reading what is newest", connection -> histories.readLatest(connection, topic));
    }

    @Override
    public CompletionStage<History> inbox(Topic topic, int limit) {
        requireKept(List.of(topic));
        History.check(0, limit);
        return onConnection("reading an inbox", connection -> histories.readFromCursor(connection, topic, limit));
    }

    @Override
    public CompletionStage<Void> moveCursors(Map<Topic, Position> furthest) {
        requireKept(furthest.keySet());
        return onConnection("moving cursors", connection -> histories.moveCursors(connection, furthest));
    }

    @Override
    public CompletionStage<Map<Topic, Position>> tops(Collection<Topic> topics) {
        requireKept(topics);
        return onConnection("looking at topics", connection -> histories.tops(connection, topics));
    }

    private void requireKept(Collection<Topic> topics) {
        for (Topic topic : topics) {
            if (!keeps(topic)) {
                throw new IllegalArgumentException(topic + " is not kept");
            }
        }
    }

    /** Runs a command, and says in words for the operator why it failed. */
    <T> CompletionStage<T> onConnection(
            String doing, Function<StatefulRedisConnection<String, byte[]>, CompletionStage<T>> command) {
        var link = commandsHere();
        StatefulRedisConnection<String, byte[]> connection = link.connection();
        if (connection == null) {
            return CompletableFuture.failedStage(
                    new BrokerUnavailableException(link.outage().orElse("connecting to " + settings.address())));
        }
        CompletableFuture<T> result = new CompletableFuture<>();
        var _ = command.apply(connection).whenComplete((answer, failure) -> {
            if (failure == null) {
                result.complete(answer);
            } else {
                result.completeExceptionally(RedisTrouble.unavailable(doing, failure));
            }
        });
        return result;
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

    /** Always the same one for the same thread, which keeps the order of what it publishes. */
    private RedisLink<StatefulRedisConnection<String, byte[]>> commandsHere() {
        for (var link : commands) {
            if (link.loop().inEventLoop()) {
                return link;
            }
        }
        return commands.getFirst();
    }

    @Override
    public CompletionStage<Void> subscribe(Topic topic) {
        CompletableFuture<Void> result = new CompletableFuture<>();
        if (!onLoop(() -> subscriptions.subscribe(channelOf(topic), topic, result))) {
            result.completeExceptionally(closedException());
        }
        return result;
    }

    @Override
    public void unsubscribe(Topic topic) {
        var _ = onLoop(() -> subscriptions.unsubscribe(channelOf(topic)));
    }

    @Override
    public void listen(String channel, Consumer<byte[]> listener) {
        listen(channel, listener, () -> {});
    }

    /** @param onSubscribed called whenever Redis has newly subscribed this node to the channel: what was sent before was missed */
    void listen(String channel, Consumer<byte[]> listener, Runnable onSubscribed) {
        if (!onLoop(() -> subscriptions.listen(channel, listener, onSubscribed))) {
            throw closedException();
        }
    }

    /**
     * Calls take effect in the order of this queue, also those made on the loop itself. False once the broker is closed.
     * A node that was made to publish only gets its second connection here.
     */
    private boolean onLoop(Runnable task) {
        if (closed) {
            return false;
        }
        try {
            subscriptions.link().start();
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
        return commands.stream()
                .flatMap(link -> link.outage().stream())
                .findFirst()
                .or(subscriptions.link()::outage);
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
        CompletableFuture<Void> down = closeLinks().thenCompose(_ -> client.shutdown());
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

    /** Completes in any case: what could not be closed in order is ended with the client. */
    private CompletableFuture<Void> closeLinks() {
        Stream<CompletableFuture<Void>> closing = Stream.concat(
                commands.stream().map(link -> closeOn(link.loop(), link::close)),
                Stream.of(closeOn(client.home(), subscriptions::close)));
        return CompletableFuture.allOf(closing.toArray(CompletableFuture[]::new));
    }

    private static CompletableFuture<Void> closeOn(EventLoop loop, Supplier<CompletableFuture<Void>> close) {
        CompletableFuture<Void> ended = new CompletableFuture<>();
        try {
            loop.execute(() -> {
                var _ = close.get().whenComplete((_, _) -> ended.complete(null));
            });
        } catch (RejectedExecutionException e) {
            log.debug("the event loop ended before the broker was closed", e);
            ended.complete(null);
        }
        return ended;
    }

    boolean isClosed() {
        return closed;
    }

    private static BrokerUnavailableException closedException() {
        return new BrokerUnavailableException("the broker is closed");
    }
}
