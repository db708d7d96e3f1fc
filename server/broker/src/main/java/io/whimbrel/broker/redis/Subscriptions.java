package io.whimbrel.broker.redis;

import io.lettuce.core.RedisURI;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import io.lettuce.core.pubsub.api.async.RedisPubSubAsyncCommands;
import io.netty.channel.EventLoop;
import io.whimbrel.broker.Broker;
import io.whimbrel.broker.BrokerCounters;
import io.whimbrel.broker.BrokerUnavailableException;
import io.whimbrel.model.Topic;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What this node wants to receive from one shard, and the connection it comes by. Called only on its event loop, which is also
 * the connection's, so that publications are handed on without a change of thread.
 *
 * <p>In a cluster a channel belongs to the shard of its slot (sharded pub/sub). A channel whose slot has gone elsewhere is
 * told by its node, unasked or when it is asked for; it then waits here as misplaced until it is known whose it is.
 */
final class Subscriptions {
    private static final Logger log = LoggerFactory.getLogger(Subscriptions.class);

    /** Channels that come here together are told together. */
    private static final long ARRIVED_AFTER_MILLIS = 20;

    private final EventLoop loop;
    private final boolean sharded;
    private final RedisLink<StatefulRedisPubSubConnection<String, byte[]>> link;
    private final Comparison comparison;
    private final Shard.Requirement requirement;
    private final Reception reception;
    private final Broker.Listener listener;
    private final BrokerCounters counters;
    private final Runnable onMisplaced;
    private final Map<String, Subscription> topics = new HashMap<>();
    private final Map<String, Ear> ears = new HashMap<>();
    /** Of another shard, as its node says; still among the others above. */
    private final Set<String> misplaced = new HashSet<>();

    /** The last one that was connected, also before all subscriptions are acknowledged and the link has it for ready. */
    private @Nullable StatefulRedisPubSubConnection<String, byte[]> renewing;

    private boolean arrivalsScheduled;
    /** Whether channels came here that wait for the connection. */
    private boolean adopted;

    /** One subscribe that was not undone. A new one for the same topic is another object. */
    private static final class Subscription {
        final Topic topic;
        final CompletableFuture<Void> acknowledged;
        /** To another shard, which answers for it from then on. */
        boolean handedOver;

        Subscription(Topic topic, CompletableFuture<Void> acknowledged) {
            this.topic = topic;
            this.acknowledged = acknowledged;
        }
    }

    /**
     * @param sharded whether channels belong to shards of a cluster
     * @param onMisplaced told when a node says that a channel is not its own
     */
    Subscriptions(
            String address,
            Supplier<CompletionStage<RedisURI>> whereabouts,
            LettuceClient client,
            Shard.Requirement requirement,
            boolean sharded,
            Broker.Listener listener,
            BrokerCounters counters,
            Runnable onMisplaced) {
        this.loop = client.home();
        this.requirement = requirement;
        this.sharded = sharded;
        reception = new Reception(listener, counters);
        this.listener = listener;
        this.counters = counters;
        this.onMisplaced = onMisplaced;
        link = new RedisLink<>(
                "subscriptions",
                address,
                loop,
                client.settings(),
                whereabouts,
                client::connectPubSub,
                this::prepare,
                () -> {
                    counters.reconnects.increment();
                    listener.onRenewed();
                });
        comparison = new Comparison(link, sharded, this::wanted, counters);
    }

    void start() {
        link.start();
        loop.execute(comparison::start);
    }

    RedisLink<StatefulRedisPubSubConnection<String, byte[]>> link() {
        return link;
    }

    /** Answers what completes when it is subscribed, and stays the same whichever shard it goes to. */
    CompletableFuture<Void> subscribe(String channel, Topic topic, CompletableFuture<Void> result) {
        var connection = link.connection();
        if (connection == null) {
            result.completeExceptionally(
                    new BrokerUnavailableException(link.outage().orElse("not connected")));
            return result;
        }
        Subscription known = topics.get(channel);
        if (known != null) {
            forward(known.acknowledged, result);
            return known.acknowledged;
        }
        Subscription subscription = new Subscription(topic, new CompletableFuture<>());
        topics.put(channel, subscription);
        forward(subscription.acknowledged, result);
        subscribe(connection.async(), channel)
                .whenCompleteAsync(
                        (_, failure) -> {
                            if (failure == null) {
                                subscription.acknowledged.complete(null);
                            } else if (Redirection.of(failure) != null) {
                                misplace(channel);
                            } else {
                                giveUp(channel, subscription, failure);
                            }
                        },
                        loop);
        return subscription.acknowledged;
    }

    /** Forgets a subscription that was not acknowledged in time, unless a later one has taken its place. */
    @SuppressWarnings("ReferenceEquality") // each subscription has a future of its own
    void abandon(String channel, CompletableFuture<Void> acknowledged) {
        Subscription subscription = topics.get(channel);
        if (subscription != null && subscription.acknowledged == acknowledged) {
            unsubscribe(channel);
        }
    }

    private CompletionStage<Void> subscribe(RedisPubSubAsyncCommands<String, byte[]> commands, String channel) {
        return isSharded(channel) ? commands.ssubscribe(channel) : commands.subscribe(channel);
    }

    boolean isSharded(String channel) {
        Ear ear = ears.get(channel);
        return sharded && (ear == null || !ear.classic());
    }

    /** A late acknowledgement must not leave a subscription nobody knows of, so it is undone behind it. */
    private void giveUp(String channel, Subscription subscription, Throwable failure) {
        if (topics.remove(channel, subscription)) {
            comparison.departed();
            sendUnsubscribe(channel, sharded);
        }
        if (!subscription.handedOver) {
            subscription.acknowledged.completeExceptionally(RedisTrouble.unavailable("subscribing", failure));
        }
    }

    private static void forward(CompletableFuture<Void> from, CompletableFuture<Void> to) {
        var _ = from.whenComplete((_, failure) -> {
            if (failure == null) {
                to.complete(null);
            } else {
                to.completeExceptionally(failure);
            }
        });
    }

    void unsubscribe(String channel) {
        if (topics.remove(channel) != null) {
            misplaced.remove(channel);
            sendUnsubscribe(channel, sharded);
        }
    }

    private void sendUnsubscribe(String channel, boolean fromShard) {
        var connection = usable();
        if (connection != null && !ears.containsKey(channel)) {
            var commands = connection.async();
            var _ = fromShard ? commands.sunsubscribe(channel) : commands.unsubscribe(channel);
        }
    }

    /** Listens to a channel that is no topic's, and is told whenever it was newly subscribed: what was sent before was missed. */
    void listen(String channel, Consumer<byte[]> consumer, Runnable onSubscribed) {
        listen(channel, new Ear(consumer, onSubscribed, false));
    }

    /** The same for one that others send to, who know nothing of shards. */
    void listenClassic(String channel, Consumer<byte[]> consumer) {
        listen(channel, new Ear(consumer, () -> {}, true));
    }

    private void listen(String channel, Ear ear) {
        ears.merge(channel, ear, Ear::and);
        var connection = usable();
        if (connection != null) {
            send(connection, channel, ear);
        }
    }

    private void send(StatefulRedisPubSubConnection<String, byte[]> connection, String channel, Ear ear) {
        subscribe(connection.async(), channel)
                .whenCompleteAsync(
                        (_, failure) -> {
                            if (failure == null) {
                                ear.onSubscribed().run();
                            } else if (Redirection.of(failure) != null) {
                                misplace(channel);
                            } else { // renewed with the next connection
                                link.lost(connection, RedisTrouble.describe(failure));
                            }
                        },
                        loop);
    }

    void unlisten(String channel) {
        Ear ear = ears.remove(channel);
        if (ear != null && !topics.containsKey(channel)) {
            misplaced.remove(channel);
            sendUnsubscribe(channel, sharded && !ear.classic());
        }
    }

    /** Notes that the node says of a channel that it is not its own. */
    void misplace(String channel) {
        if (isWanted(channel) && misplaced.add(channel)) {
            comparison.departed();
            onMisplaced.run();
        }
    }

    /** Gives up the connection, which was found to be of no use, and makes another. */
    void giveUp(String why) {
        var connection = usable();
        if (connection != null) {
            link.lost(connection, why);
        }
    }

    /** Hands over the channels that are another shard's, and asks again for those that a node did not take for its own. */
    void settle(Predicate<String> isOurs, Function<String, Subscriptions> owner) {
        if (!sharded) {
            return;
        }
        for (String channel : notOurs(topics.keySet(), isOurs)) {
            Subscription subscription = Objects.requireNonNull(topics.remove(channel));
            subscription.handedOver = true;
            sendUnsubscribe(channel, true);
            owner.apply(channel).adopt(channel, new Subscription(subscription.topic, subscription.acknowledged));
        }
        for (String channel : notOurs(ears.keySet(), isOurs)) {
            Ear ear = Objects.requireNonNull(ears.get(channel));
            unlisten(channel);
            owner.apply(channel).listen(channel, ear);
        }
        List<String> again = List.copyOf(misplaced);
        misplaced.clear();
        var connection = usable();
        if (connection != null) {
            for (String channel : again) {
                Subscription subscription = topics.get(channel);
                Ear ear = ears.get(channel);
                if (subscription != null) {
                    ask(connection, channel, subscription);
                }
                if (ear != null) {
                    send(connection, channel, ear);
                }
            }
        }
    }

    private static List<String> notOurs(Collection<String> channels, Predicate<String> isOurs) {
        return channels.stream().filter(isOurs.negate()).toList();
    }

    /** Whether channels wait to be found a shard for. */
    boolean hasMisplaced() {
        return !misplaced.isEmpty();
    }

    private void adopt(String channel, Subscription subscription) {
        topics.put(channel, subscription);
        counters.moved.increment();
        var connection = usable();
        adopted |= link.connection() == null; // the one that is renewing may break before it counts
        if (connection != null) {
            ask(connection, channel, subscription);
        }
    }

    /** Subscribes a channel that was subscribed elsewhere: what was published in between is to be looked for. */
    private void ask(
            StatefulRedisPubSubConnection<String, byte[]> connection, String channel, Subscription subscription) {
        subscribe(connection.async(), channel)
                .whenCompleteAsync(
                        (_, failure) -> {
                            if (failure == null) {
                                subscription.acknowledged.complete(null);
                                arrivedSoon();
                            } else if (Redirection.of(failure) != null) {
                                misplace(channel);
                            } else { // renewed with the next connection
                                link.lost(connection, RedisTrouble.describe(failure));
                            }
                        },
                        loop);
    }

    private void arrivedSoon() {
        if (!arrivalsScheduled) {
            arrivalsScheduled = true;
            var _ = loop.schedule(
                    () -> {
                        arrivalsScheduled = false;
                        listener.onRenewed();
                    },
                    ARRIVED_AFTER_MILLIS,
                    TimeUnit.MILLISECONDS);
        }
    }

    private @Nullable StatefulRedisPubSubConnection<String, byte[]> usable() {
        var connection = link.connection();
        if (connection != null) {
            return connection;
        }
        var last = renewing;
        return last != null && last.isOpen() ? last : null;
    }

    private CompletionStage<Void> prepare(StatefulRedisPubSubConnection<String, byte[]> connection) {
        return Server.ask(connection)
                .thenCompose(server -> requirement.check(connection, server))
                .thenComposeAsync(_ -> renew(connection), loop);
    }

    /** Subscribes a new connection to everything; the stage completes when Redis acknowledged it all, and says that it has it. */
    private CompletionStage<Void> renew(StatefulRedisPubSubConnection<String, byte[]> connection) {
        connection.addListener(new RedisPubSubAdapter<>() {
            @Override
            public void message(String channel, byte[] message) {
                received(channel, message);
            }

            @Override
            public void smessage(String channel, byte[] message) {
                received(channel, message);
            }

            @Override
            public void sunsubscribed(String channel, long count) {
                misplace(channel); // unless we asked for it
            }
        });
        renewing = connection;
        misplaced.clear();
        List<String> channels = new ArrayList<>(topics.keySet());
        channels.addAll(ears.keySet());
        return new Renewal(this, connection, channels)
                .run()
                .thenComposeAsync(_ -> comparison.complete(connection), loop)
                .whenCompleteAsync((_, failure) -> renewed(connection, failure), loop);
    }

    private void renewed(StatefulRedisPubSubConnection<String, byte[]> connection, @Nullable Throwable failure) {
        if (failure == null) {
            List.copyOf(ears.values()).forEach(ear -> ear.onSubscribed().run());
            if (adopted) {
                adopted = false;
                arrivedSoon();
            }
        } else if (connection.equals(renewing)) { // else it is the link's in a moment
            renewing = null;
        }
    }

    EventLoop loop() {
        return loop;
    }

    boolean isWanted(String channel) {
        return topics.containsKey(channel) || ears.containsKey(channel);
    }

    /** Tells who waits for the subscription of a topic. */
    void acknowledged(String channel) {
        Subscription subscription = topics.get(channel);
        if (subscription != null) {
            subscription.acknowledged.complete(null);
        }
    }

    /** How many channels Redis has been asked for. */
    private int wanted() {
        int wanted = topics.size() - misplaced.size();
        for (String channel : ears.keySet()) {
            wanted += topics.containsKey(channel) ? 0 : 1;
        }
        return wanted;
    }

    private void received(String channel, byte[] message) {
        Subscription subscription = topics.get(channel);
        Ear ear = ears.get(channel);
        try {
            if (subscription != null) {
                reception.receive(subscription.topic, message);
            }
            if (ear != null) {
                ear.consumer().accept(message);
            }
        } catch (RuntimeException e) {
            log.error("A listener of the broker failed, which it must not", e);
        }
    }

    /** Ends all subscriptions. */
    CompletableFuture<Void> close() {
        comparison.close();
        topics.clear();
        ears.clear();
        misplaced.clear();
        return link.close();
    }
}
