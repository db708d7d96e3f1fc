package io.whimbrel.broker.redis;

import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.netty.channel.EventLoop;
import io.whimbrel.broker.Broker;
import io.whimbrel.broker.BrokerCounters;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One Redis that takes writes, and this node's connections to it: for commands one on each event loop, so that who calls on
 * one of them is answered there, and one for subscriptions. Safe for any thread but where it says so.
 */
final class Shard {
    private static final Logger log = LoggerFactory.getLogger(Shard.class);

    private final String address;
    /** The first one is for who calls from elsewhere than one of our event loops. */
    private final List<CommandLink> commands;

    private final Subscriptions subscriptions;
    private final Probe probe;

    /** What a new connection has to be to be of use. */
    interface Requirement {
        /** Completes when it is, else fails with an {@link UnfitServerException}. */
        CompletionStage<Void> check(StatefulRedisConnection<String, byte[]> connection, Server server);

        /** Completes with which server this is, and since when nothing accepted can have been lost. */
        CompletionStage<byte[]> term(StatefulRedisConnection<String, byte[]> connection, Server server);
    }

    /**
     * @param address for the log
     * @param whereabouts asked for the server before each connection
     */
    Shard(
            String address,
            Supplier<CompletionStage<RedisURI>> whereabouts,
            LettuceClient client,
            Requirement requirement,
            boolean sharded,
            Broker.Listener listener,
            BrokerCounters counters,
            Runnable onMisplaced) {
        this.address = address;
        commands = client.loops().stream()
                .map(loop -> new CommandLink(address, whereabouts, client, loop, requirement, counters))
                .toList();
        subscriptions =
                new Subscriptions(address, whereabouts, client, requirement, sharded, listener, counters, onMisplaced);
        probe = new Probe(this, client.home(), listener.equals(Broker.Listener.NONE), counters, onMisplaced);
    }

    String address() {
        return address;
    }

    Subscriptions subscriptions() {
        return subscriptions;
    }

    Probe probe() {
        return probe;
    }

    /** Gives up all connections but those to this server, and makes others. */
    void leaveAllBut(RedisURI server, String why) {
        for (CommandLink each : commands) {
            each.loop().execute(() -> each.link.leaveAllBut(server, why));
        }
        subscriptions.link().loop().execute(() -> subscriptions.link().leaveAllBut(server, why));
    }

    /** For an event loop's own thread the same each time, which keeps the order of what it publishes. */
    CommandLink commandsHere() {
        for (CommandLink link : commands) {
            if (link.link.loop().inEventLoop()) {
                return link;
            }
        }
        return commands.getFirst();
    }

    void start() {
        var _ = startCommands();
        subscriptions.start();
    }

    /** Begins to connect for commands alone; completes when the first connection has been made, or has failed for the first time. */
    CompletableFuture<Void> startCommands() {
        commands.forEach(it -> it.link.start());
        return commands.getFirst().link.settled();
    }

    CompletableFuture<Void> settled() {
        return CompletableFuture.allOf(Stream.concat(
                        commands.stream().map(it -> it.link.settled()),
                        Stream.of(subscriptions.link().settled()))
                .toArray(CompletableFuture[]::new));
    }

    Optional<String> outage() {
        return commands.stream()
                .flatMap(it -> it.link.outage().stream())
                .findFirst()
                .or(subscriptions.link()::outage)
                .or(probe::outage);
    }

    /** Completes in any case: what could not be closed in order is ended with the client. */
    CompletableFuture<Void> close() {
        probe.close();
        Stream<CompletableFuture<Void>> closing = Stream.concat(
                commands.stream().map(it -> closeOn(it.link.loop(), it.link::close)),
                Stream.of(closeOn(subscriptions.link().loop(), subscriptions::close)));
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

    /** A connection for commands. */
    static final class CommandLink {
        private final RedisLink<StatefulRedisConnection<String, byte[]>> link;
        private final RedisSettings settings;
        private volatile @Nullable Connection prepared;

        private CommandLink(
                String address,
                Supplier<CompletionStage<RedisURI>> whereabouts,
                LettuceClient client,
                EventLoop loop,
                Requirement requirement,
                BrokerCounters counters) {
            settings = client.settings();
            link = new RedisLink<>(
                    "commands",
                    address,
                    loop,
                    client.settings(),
                    whereabouts,
                    uri -> client.connect(loop, uri),
                    connection -> prepare(connection, requirement),
                    counters.reconnects::increment);
        }

        private CompletionStage<Void> prepare(
                StatefulRedisConnection<String, byte[]> connection, Requirement requirement) {
            return Server.ask(connection)
                    .thenCompose(server -> requirement
                            .check(connection, server)
                            .thenCompose(_ -> requirement.term(connection, server))
                            .thenCompose(term -> {
                                Connection known = new Connection(connection, server, term, replicas(connection));
                                return Script.loadAll(known).thenRun(() -> prepared = known);
                            }));
        }

        private @Nullable Replicas replicas(StatefulRedisConnection<String, byte[]> connection) {
            return settings.durability() == Durability.REPLICATED
                    ? new Replicas(connection, link.loop(), settings)
                    : null;
        }

        EventLoop loop() {
            return link.loop();
        }

        /** The connection to use, null while there is none. */
        @Nullable
        Connection connection() {
            Connection last = prepared;
            return last != null && last.lettuce().equals(link.connection()) ? last : null;
        }

        /** Why there is no connection. */
        Optional<String> outage() {
            return link.outage();
        }

        /** Gives a connection up, which was found to be of no use, and makes another. */
        void lost(Connection connection, String why) {
            link.loop().execute(() -> link.lost(connection.lettuce(), why));
        }
    }
}
