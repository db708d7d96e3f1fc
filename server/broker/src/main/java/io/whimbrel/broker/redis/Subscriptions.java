package io.whimbrel.broker.redis;

import io.lettuce.core.pubsub.RedisPubSubAdapter;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import io.netty.channel.EventLoop;
import io.whimbrel.broker.Broker;
import io.whimbrel.broker.BrokerCounters;
import io.whimbrel.broker.BrokerUnavailableException;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What this node wants to receive, and the connection it comes by. Called only on its event loop, which is also the
 * connection's, so that publications are handed on without a change of thread.
 */
final class Subscriptions {
    private static final Logger log = LoggerFactory.getLogger(Subscriptions.class);

    /** Channels per SUBSCRIBE when all are renewed: few round trips, no command of megabytes. */
    static final int RENEWAL_CHUNK = 500;

    private static final long MALFORMED_LOG_INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final EventLoop loop;
    private final RedisLink<StatefulRedisPubSubConnection<String, byte[]>> link;
    private final Broker.Listener listener;
    private final BrokerCounters counters;
    private final Map<String, Subscription> topics = new HashMap<>();
    private final Map<String, Consumer<byte[]>> plainChannels = new HashMap<>();
    /** Who wants to know when what it listens to was newly subscribed. */
    private final List<Runnable> subscribers = new ArrayList<>();

    /** Connected, but not all subscriptions are acknowledged yet. */
    private @Nullable StatefulRedisPubSubConnection<String, byte[]> renewing;

    private long malformedLoggedNanos = System.nanoTime() - MALFORMED_LOG_INTERVAL_NANOS;

    /** One subscribe that was not undone. A new one for the same topic is another object. */
    private record Subscription(Topic topic, CompletableFuture<Void> acknowledged) {}

    Subscriptions(LettuceClient client, Broker.Listener listener, BrokerCounters counters) {
        this.loop = client.home();
        this.listener = listener;
        this.counters = counters;
        link = new RedisLink<>("subscriptions", loop, client.settings(), client::connectPubSub, this::renew, () -> {
            counters.reconnects.increment();
            listener.onRenewed();
        });
    }

    RedisLink<StatefulRedisPubSubConnection<String, byte[]>> link() {
        return link;
    }

    void subscribe(String channel, Topic topic, CompletableFuture<Void> result) {
        var connection = link.connection();
        if (connection == null) {
            result.completeExceptionally(
                    new BrokerUnavailableException(link.outage().orElse("not connected")));
            return;
        }
        Subscription known = topics.get(channel);
        if (known != null) {
            forward(known.acknowledged(), result);
            return;
        }
        Subscription subscription = new Subscription(topic, new CompletableFuture<>());
        topics.put(channel, subscription);
        forward(subscription.acknowledged(), result);
        connection
                .async()
                .subscribe(channel)
                .whenCompleteAsync(
                        (_, failure) -> {
                            if (failure == null) {
                                subscription.acknowledged().complete(null);
                            } else {
                                giveUp(channel, subscription, failure);
                            }
                        },
                        loop);
    }

    /** A late acknowledgement must not leave a subscription nobody knows of, so it is undone behind it. */
    private void giveUp(String channel, Subscription subscription, Throwable failure) {
        if (topics.remove(channel, subscription)) {
            sendUnsubscribe(channel);
        }
        subscription.acknowledged().completeExceptionally(RedisTrouble.unavailable("subscribing", failure));
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
            sendUnsubscribe(channel);
        }
    }

    private void sendUnsubscribe(String channel) {
        var connection = usable();
        if (connection != null && !plainChannels.containsKey(channel)) {
            var _ = connection.async().unsubscribe(channel);
        }
    }

    void listen(String channel, Consumer<byte[]> consumer, Runnable onSubscribed) {
        plainChannels.merge(channel, consumer, Consumer::andThen);
        subscribers.add(onSubscribed);
        var connection = usable();
        if (connection != null) {
            var _ = connection
                    .async()
                    .subscribe(channel)
                    .whenCompleteAsync(
                            (_, failure) -> {
                                if (failure == null) {
                                    onSubscribed.run();
                                } else { // renewed with the next connection
                                    link.lost(connection, RedisTrouble.describe(failure));
                                }
                            },
                            loop);
        }
    }

    private @Nullable StatefulRedisPubSubConnection<String, byte[]> usable() {
        var connection = link.connection();
        return connection == null ? renewing : connection;
    }

    /** Subscribes a new connection to everything; the stage completes when Redis acknowledged it all. */
    private CompletionStage<Void> renew(StatefulRedisPubSubConnection<String, byte[]> connection) {
        connection.addListener(new RedisPubSubAdapter<>() {
            @Override
            public void message(String channel, byte[] message) {
                received(channel, message);
            }
        });
        renewing = connection;
        List<String> channels = new ArrayList<>(topics.keySet());
        channels.addAll(plainChannels.keySet());
        CompletableFuture<Void> renewed = new CompletableFuture<>();
        renewFrom(connection, channels, 0, renewed);
        return renewed.whenComplete((_, failure) -> {
            if (connection.equals(renewing)) {
                renewing = null;
            }
            if (failure == null) {
                subscribers.forEach(Runnable::run);
            }
        });
    }

    /**
     * One chunk after the other. Lettuce takes a SUBSCRIBE of many channels for answered when the first one is, so a
     * PING behind it tells when the last one was: Redis answers in order.
     */
    private void renewFrom(
            StatefulRedisPubSubConnection<String, byte[]> connection,
            List<String> channels,
            int from,
            CompletableFuture<Void> renewed) {
        if (from >= channels.size()) {
            renewed.complete(null);
            return;
        }
        int to = Math.min(from + RENEWAL_CHUNK, channels.size());
        String[] chunk = channels.subList(from, to).stream()
                .filter(channel -> topics.containsKey(channel) || plainChannels.containsKey(channel))
                .toArray(String[]::new); // what was unsubscribed meanwhile must not come back
        CompletionStage<Void> subscribed = chunk.length == 0
                ? CompletableFuture.completedStage(null)
                : connection.async().subscribe(chunk);
        var _ = subscribed
                .thenCombine(connection.async().ping(), (_, pong) -> pong)
                .whenCompleteAsync(
                        (_, failure) -> {
                            if (failure != null) {
                                renewed.completeExceptionally(failure);
                            } else {
                                renewFrom(connection, channels, to, renewed);
                            }
                        },
                        loop);
    }

    private void received(String channel, byte[] message) {
        Subscription subscription = topics.get(channel);
        Consumer<byte[]> plain = plainChannels.get(channel);
        try {
            if (subscription != null) {
                receivedPublication(subscription.topic(), message);
            }
            if (plain != null) {
                plain.accept(message);
            }
        } catch (RuntimeException e) {
            log.error("A listener of the broker failed, which it must not", e);
        }
    }

    private void receivedPublication(Topic topic, byte[] message) {
        Publication publication = Envelope.decode(topic, message);
        if (publication == null) {
            malformed(topic, message.length);
            return;
        }
        counters.received.increment();
        listener.onPublication(publication);
    }

    private void malformed(Topic topic, int length) {
        counters.malformed.increment();
        long now = System.nanoTime();
        if (now - malformedLoggedNanos >= MALFORMED_LOG_INTERVAL_NANOS) {
            malformedLoggedNanos = now;
            log.warn(
                    "A message of {} bytes in {} is not in a form this version reads, dropped ({} so far)",
                    length,
                    topic,
                    counters.malformed.sum());
        }
    }

    /** Ends all subscriptions. */
    CompletableFuture<Void> close() {
        topics.clear();
        plainChannels.clear();
        subscribers.clear();
        return link.close();
    }
}
