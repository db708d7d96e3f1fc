package io.whimbrel.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.ImmediateEventExecutor;
import io.whimbrel.broker.BrokerCounters;
import io.whimbrel.broker.HopWriter;
import io.whimbrel.broker.Traces;
import io.whimbrel.model.Address;
import io.whimbrel.model.Publication;
import io.whimbrel.model.PublicationId;
import io.whimbrel.model.Topic;
import io.whimbrel.ops.Spans;
import io.whimbrel.protocol.bare.BareCodec;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;

/** A gateway's delivery path as it is, without what lies around it: no port, no broker, no connections. */
final class Bench {
    private static final long START_MILLIS = 1_000;

    private final HandExecutor executor = new HandExecutor();
    private final Loop loop;

    Bench(GatewaySettings settings) {
        loop = newLoop(executor, settings, new Subscriptions(new SilentBroker()));
    }

    Bench() {
        this(GatewaySettings.defaults());
    }

    private static Loop newLoop(EventExecutor executor, GatewaySettings settings, Subscriptions subscriptions) {
        return new Loop(
                executor,
                settings,
                subscriptions,
                new BareCodec(),
                new GatewayMetrics(new SimpleMeterRegistry()),
                new MemoryBudget(settings.limits().memoryMaxBytes()),
                trackers(),
                deliveries(),
                () -> START_MILLIS);
    }

    Loop loop() {
        return loop;
    }

    /** A session of these topics whose handshake has been answered. */
    Session open(Socket socket, List<Topic> topics) {
        Session session = new Session(loop, socket, Session.End.NEVER, false, false);
        for (Topic topic : topics) {
            var _ = loop.hub().subscribe(session, topic, null);
        }
        session.open();
        return session;
    }

    /** As if the broker had brought it. */
    void offer(Publication publication) {
        if (loop.offer(publication)) {
            loop.wake();
        }
    }

    /** One tick for all that was offered; more than one where it is too much for one. */
    void tick() {
        executor.runTasks();
    }

    /** A text of that length, quotes included, from a known sender. */
    static Publication publication(Topic topic, int payloadBytes) {
        String payload = '"' + "x".repeat(payloadBytes - 2) + '"';
        long now = System.currentTimeMillis();
        return new Publication(PublicationId.next(now), topic, now, Address.random(), payload.getBytes(UTF_8));
    }

    static List<Topic> addresses(int count) {
        List<Topic> topics = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            topics.add(Topic.of(Address.random()));
        }
        return topics;
    }

    /** For publications that belong to no trace. */
    static Deliveries deliveries() {
        return new Deliveries(Spans.NONE, ImmediateEventExecutor.INSTANCE, () -> 1);
    }

    /** For publications of which nothing is to be told. */
    static Trackers trackers() {
        return new Trackers(
                () -> {
                    throw new AssertionError("nobody asks for a receipt here");
                },
                new HopWriter(Traces.NONE, new BrokerCounters(), () -> "nobody", InstantSource.system(), Runnable::run),
                () -> "nobody",
                ImmediateEventExecutor.INSTANCE,
                new GatewayMetrics(new SimpleMeterRegistry()),
                () -> 1);
    }
}
