package io.whimbrel.gateway;

import static io.whimbrel.gateway.FakeVerifier.tokenOf;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.ImmediateEventExecutor;
import io.whimbrel.auth.Revocations;
import io.whimbrel.broker.Broker;
import io.whimbrel.broker.BrokerCounters;
import io.whimbrel.broker.HopWriter;
import io.whimbrel.broker.Receipts;
import io.whimbrel.broker.Traces;
import io.whimbrel.model.Address;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import io.whimbrel.ops.Health;
import io.whimbrel.ops.Spans;
import io.whimbrel.ops.TlsFiles;
import io.whimbrel.ops.TrustedProxies;
import io.whimbrel.protocol.bare.BareCodec;
import java.io.IOException;
import java.time.InstantSource;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A gateway on a free port with real sockets, between a broker and a verifier in the hands of the test. */
final class TestGateway implements AutoCloseable {
    final FakeVerifier verifier = new FakeVerifier();
    final Health health = new Health();
    final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
    final FakeBroker broker;
    final Gateway gateway;

    final Revocations revocations = new Revocations(InstantSource.system());
    private final EventLoops loops = new EventLoops(2);
    private final AtomicLong ids = new AtomicLong();

    TestGateway() throws IOException {
        this(settings());
    }

    TestGateway(GatewaySettings settings) throws IOException {
        this(settings, TrustedProxies.NONE, null);
    }

    TestGateway(GatewaySettings settings, TrustedProxies proxies, @Nullable TlsFiles tls) throws IOException {
        this(settings, proxies, tls, new FakeNotices());
    }

    /** One that hears of revocations so. */
    TestGateway(FakeNotices notices) throws IOException {
        this(settings(), TrustedProxies.NONE, null, notices);
    }

    private TestGateway(GatewaySettings settings, TrustedProxies proxies, @Nullable TlsFiles tls, FakeNotices notices)
            throws IOException {
        AtomicReference<FakeBroker> made = new AtomicReference<>();
        gateway = new Gateway(
                settings,
                loops,
                (listener, _) -> {
                    made.set(new FakeBroker(listener, notices));
                    return made.get();
                },
                verifier,
                revocations,
                proxies,
                tls,
                metrics,
                health,
                Spans.NONE);
        broker = made.get();
    }

    /** The defaults, on loopback and a free port. */
    static GatewaySettings settings() {
        return GatewaySettings.defaults().withHostAndPort("127.0.0.1", 0);
    }

    int port() {
        return gateway.port();
    }

    RawClient open(Address client) throws IOException {
        return RawClient.open(port(), tokenOf(client));
    }

    void publish(Address to, String json) {
        broker.publish(publication(to, json));
    }

    Publication publication(Address to, String json) {
        return new Publication("m" + ids.incrementAndGet(), Topic.of(to), 7, null, json.getBytes(UTF_8));
    }

    /** The frame that {@link #publish} makes of its n-th message. */
    static String frame(int n, String json) {
        return "{\"message\":%s,\"id\":\"m%d\",\"time\":7}".formatted(json, n);
    }

    double metric(String name, String... tags) {
        var meter = metrics.find(name).tags(tags).meter();
        if (meter == null) {
            return 0;
        }
        for (var measurement : meter.measure()) {
            return measurement.getValue();
        }
        throw new AssertionError(meter.getId() + " of type " + Meter.Type.OTHER + " measures nothing");
    }

    @Override
    public void close() {
        gateway.stop();
        loops.close();
    }

    /** On a loop of its own, where nothing runs; for who needs to name one. */
    static Session session() {
        return new Session(loop(ImmediateEventExecutor.INSTANCE), new FakeSocket(), Session.End.NEVER, false, false);
    }

    /** One that nobody is connected to. */
    static Loop loop(EventExecutor executor) {
        return new Loop(
                executor,
                settings(),
                new Subscriptions(new FakeBroker(Broker.Listener.NONE)),
                new BareCodec(),
                new GatewayMetrics(new SimpleMeterRegistry()),
                new MemoryBudget(1 << 26),
                trackers(),
                deliveries(),
                () -> 1);
    }

    /** For publications that belong to no trace. */
    static Deliveries deliveries() {
        return new Deliveries(Spans.NONE, ImmediateEventExecutor.INSTANCE, () -> 1);
    }

    /** For publications of which nothing is to be told. */
    static Trackers trackers() {
        return trackers(() -> {
            throw new AssertionError("nobody asks for a receipt here");
        });
    }

    static Trackers trackers(Supplier<Receipts> receipts) {
        return new Trackers(
                receipts,
                new HopWriter(Traces.NONE, new BrokerCounters(), () -> "nobody", InstantSource.system(), Runnable::run),
                () -> "nobody",
                ImmediateEventExecutor.INSTANCE,
                new GatewayMetrics(new SimpleMeterRegistry()),
                () -> 1);
    }
}
