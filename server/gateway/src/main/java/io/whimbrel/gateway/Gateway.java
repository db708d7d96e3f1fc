package io.whimbrel.gateway;

import io.micrometer.core.instrument.MeterRegistry;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.handler.codec.haproxy.HAProxyMessageDecoder;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.util.concurrent.EventExecutor;
import io.whimbrel.auth.Revocations;
import io.whimbrel.auth.TokenVerifier;
import io.whimbrel.broker.Broker;
import io.whimbrel.broker.HopWriter;
import io.whimbrel.broker.RevocationNotices;
import io.whimbrel.model.Publication;
import io.whimbrel.ops.Health;
import io.whimbrel.ops.NodeName;
import io.whimbrel.ops.Spans;
import io.whimbrel.ops.TlsFiles;
import io.whimbrel.ops.TrustedProxies;
import io.whimbrel.protocol.Codec;
import io.whimbrel.protocol.bare.BareCodec;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The WebSocket gateway: accepts connections, spreads them over its event loops and brings them what the broker has for
 * them. Safe for any thread.
 */
public final class Gateway {
    private static final Logger log = LoggerFactory.getLogger(Gateway.class);

    private static final int MAX_INITIAL_LINE_BYTES = 8 * 1024;
    private static final int BACKLOG = 4096;
    /** Of one read. Clients say little; guessing from what each said before costs 130 bytes for every one of them. */
    private static final int READ_BYTES = 4096;
    /** What {@link #stop} may take beyond the drain time. */
    private static final long STOP_MARGIN_MILLIS = 2_500;

    /** How long the broker may take at the end to hear what was read. */
    private static final long CURSORS_MILLIS = 1_000;

    /** How long the broker may take at the start to say which tokens are revoked. */
    private static final long REVOCATIONS_MILLIS = 2_000;

    private final GatewaySettings settings;
    private final GatewayMetrics metrics;
    private final Broker broker;
    private final Subscriptions subscriptions;
    private final List<Loop> loops = new ArrayList<>();
    private final Admission admission;
    private final HandshakeRate rate;
    private final @Nullable Encryption encryption;
    private final AtomicInteger connections = new AtomicInteger();
    private final Channel listener;
    private final Trackers trackers;
    private final Deliveries deliveries;
    /** How receipts and traces call this gateway. */
    private volatile String node = "gateway";

    private volatile boolean draining;

    /**
     * Opens the port.
     *
     * @param tokens needs to know nothing of revocations
     * @param revocations none yet: this gateway hears them from its broker
     * @param proxies whose {@code X-Forwarded-For} and PROXY headers are believed
     * @param tls null for plain connections
     * @param spans takes those of deliveries
     * @throws java.net.BindException when the port is taken
     */
    public Gateway(
            GatewaySettings settings,
            EventLoops eventLoops,
            BrokerFactory brokers,
            TokenVerifier tokens,
            Revocations revocations,
            TrustedProxies proxies,
            @Nullable TlsFiles tls,
            MeterRegistry registry,
            Health health,
            Spans spans)
            throws java.net.BindException {
        this.settings = settings;
        metrics = new GatewayMetrics(registry);
        Clock clock = Clock.systemUTC();
        broker = brokers.join(new Listener(), eventLoops.group());
        subscriptions = new Subscriptions(broker);
        Codec codec = new BareCodec();
        LongSupplier monotonicMillis = monotonicMillis();
        EventExecutor teller = eventLoops.group().next();
        HopWriter hops = new HopWriter(broker.traces(), broker.counters(), () -> node, clock, teller);
        trackers = new Trackers(broker::receipts, hops, () -> node, teller, metrics, monotonicMillis);
        deliveries = new Deliveries(spans, teller, monotonicMillis);
        MemoryBudget budget = new MemoryBudget(settings.limits().memoryMaxBytes());
        for (EventExecutor executor : eventLoops.group()) {
            Loop loop = new Loop(
                    executor, settings, subscriptions, codec, metrics, budget, trackers, deliveries, monotonicMillis);
            loops.add(loop);
            loop.start();
        }
        encryption = tls == null ? null : new Encryption(tls);
        GatewaySettings.Edge edge = settings.edge();
        rate = new HandshakeRate(edge.handshakesPerSecond(), edge.handshakeBurst(), System.nanoTime());
        TokenVerifier verifier = revocations.guard(tokens);
        admission = new Admission(verifier, revocations, settings, metrics, proxies, budget, clock, () -> draining);
        listenToPlainRecords(verifier, clock);
        CompletableFuture<Void> heard = hear(revocations);
        metrics.gauge("whimbrel.gateway.connections", "Connections, handshakes included", connections::get);
        metrics.gauge("whimbrel.gateway.topics", "Topics this gateway is subscribed to", subscriptions::size);
        metrics.gauge("whimbrel.gateway.receipts", "Publications followed for a receipt or a trace", trackers::size);
        metrics.gauge("whimbrel.gateway.revocations", "Revocations this gateway knows of", revocations::size);
        metrics.gauge("whimbrel.gateway.outbox.bytes", "What all outboxes hold together", budget::takenBytes);
        health.check("broker", broker::notReady);
        health.check("revocations", revocations::problem);
        health.check("gateway", () -> draining ? Optional.of("stopping") : Optional.empty());
        awaitUnlessAway(heard);
        listener = bind(eventLoops);
        node = NodeName.of("gateway", port());
    }

    /** Sessions end with their tokens. Who comes in at this moment looks for it when the handshake is answered. */
    private CompletableFuture<Void> hear(Revocations revocations) {
        revocations.onAdded(
                revocation -> loops.forEach(loop -> loop.run(() -> loop.hub().heed(revocation))));
        return new RevocationNotices(broker.notices())
                .hear(revocations::add)
                .thenRun(revocations::complete)
                .toCompletableFuture();
    }

    /** Who comes before it is known which tokens are revoked would be told to come again. */
    private void awaitUnlessAway(CompletableFuture<Void> heard) {
        if (broker.outage().isPresent()) {
            return;
        }
        try {
            heard.get(REVOCATIONS_MILLIS, TimeUnit.MILLISECONDS);
        } catch (TimeoutException _) {
            log.warn("Which tokens are revoked is not known after {} ms, opening the port without", REVOCATIONS_MILLIS);
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private void listenToPlainRecords(TokenVerifier verifier, Clock clock) {
        if (settings.plainChannel().isEmpty()) {
            return;
        }
        PlainRecords records = new PlainRecords(verifier, subscriptions, this::onPublication, metrics, clock);
        broker.plainChannels().ifPresent(channels -> channels.listen(settings.plainChannel(), records::onRecord));
    }

    private Channel bind(EventLoops eventLoops) throws java.net.BindException {
        var binding = new ServerBootstrap()
                .group(eventLoops.group())
                .channel(eventLoops.serverChannelType())
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.RECVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(READ_BYTES))
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        onConnection(channel);
                    }
                })
                .bind(settings.host(), settings.port())
                .awaitUninterruptibly();
        if (!binding.isSuccess()) {
            broker.close();
            var failure = new java.net.BindException("the gateway cannot listen on %s port %d: %s"
                    .formatted(settings.host(), settings.port(), binding.cause().getMessage()));
            failure.initCause(binding.cause());
            throw failure;
        }
        return binding.channel();
    }

    private void onConnection(Channel channel) {
        int count = connections.incrementAndGet();
        channel.closeFuture().addListener(_ -> connections.decrementAndGet());
        if (count > settings.limits().maxConnections()) {
            metrics.refusedOverLimit();
            refuse(channel, "this gateway is full, try again");
        } else if (!rate.allows(System.nanoTime())) {
            metrics.refusedOverRate();
            refuse(channel, "too many clients come at once, try again");
        } else {
            prepare(channel);
        }
    }

    /** Before anything was read, so it costs next to nothing; with TLS nothing can be said so early. */
    private void refuse(Channel channel, String why) {
        if (encryption != null) {
            channel.close();
            return;
        }
        channel.writeAndFlush(HttpAnswers.refusal(503, why, "Retry-After: 5\r\n"))
                .addListener(_ -> channel.close());
    }

    private void prepare(Channel channel) {
        ChannelPipeline pipeline = channel.pipeline();
        if (settings.edge().proxyProtocol()) {
            if (!isTrusted(channel)) {
                metrics.refusedUnreadable();
                channel.close();
                return;
            }
            pipeline.addLast(new HAProxyMessageDecoder());
        }
        if (encryption != null) {
            pipeline.addLast(
                    encryption.newHandler(channel, settings.timing().handshake().toMillis()));
        }
        pipeline.addLast(
                new HttpRequestDecoder(new HttpDecoderConfig()
                        .setMaxInitialLineLength(MAX_INITIAL_LINE_BYTES)
                        .setMaxHeaderSize(settings.edge().maxHeaderBytes())),
                new Handshake(admission, loopOf(channel), channel, encryption != null));
    }

    private boolean isTrusted(Channel channel) {
        return channel.remoteAddress() instanceof InetSocketAddress peer
                && admission.proxies().trusts(peer.getAddress());
    }

    private Loop loopOf(Channel channel) {
        for (Loop loop : loops) {
            if (loop.executor().equals(channel.eventLoop())) {
                return loop;
            }
        }
        throw new IllegalStateException("a channel on an event loop that is none of ours");
    }

    private final class Listener implements Broker.Listener {
        @Override
        public void onPublication(Publication publication) {
            Gateway.this.onPublication(publication);
        }

        @Override
        public void onRenewed() {
            loops.forEach(loop -> loop.run(loop.hub()::catchUpAll));
        }
    }

    /** Gives a publication to every event loop that has subscribers. Called on the broker's thread. */
    private void onPublication(Publication publication) {
        Loop[] wanting = subscriptions.loopsOf(publication.topic());
        Tracker tracker = trackers.of(publication);
        if (tracker != null) {
            tracker.await(wanting);
        }
        deliveries.begin(publication, wanting);
        if (wanting.length > 0) {
            metrics.published();
        }
        for (Loop loop : wanting) {
            if (loop.offer(publication)) {
                wake(loop);
            }
        }
    }

    /**
     * Where one of our loops reads for the broker, another one is woken after all that this turn brings, so that it makes
     * one tick of it: at once it would find the first publication only.
     */
    private void wake(Loop loop) {
        for (Loop here : loops) {
            if (here != loop && here.executor().inEventLoop()) {
                here.executor().execute(loop::wake);
                return;
            }
        }
        loop.wake();
    }

    public int port() {
        return ((InetSocketAddress) listener.localAddress()).getPort();
    }

    /** How receipts and traces call it. */
    public String node() {
        return node;
    }

    public Broker broker() {
        return broker;
    }

    /**
     * Stops in order and waits for it: no new connections, goodbyes spread over the drain time, then the end. Takes at
     * most the drain time, {@link #STOP_MARGIN_MILLIS} and {@link #CURSORS_MILLIS}, whatever clients do.
     */
    public void stop() {
        draining = true;
        listener.close().awaitUninterruptibly(1, TimeUnit.SECONDS);
        long drainMillis = settings.timing().drain().toMillis();
        CompletableFuture<?>[] drains = loops.stream()
                .map(loop -> CompletableFuture.supplyAsync(() -> Drain.start(loop, drainMillis), loop.executor())
                        .thenCompose(drain -> drain))
                .toArray(CompletableFuture[]::new);
        await(
                CompletableFuture.allOf(drains),
                drainMillis + STOP_MARGIN_MILLIS,
                "Some connections were still open when the time to stop was over");
        await(tellCursors(), CURSORS_MILLIS, "How far inboxes were read could not be told to Redis in time");
        deliveries.endAll();
        broker.close();
    }

    private static void await(CompletableFuture<Void> part, long mostMillis, String whenLate) {
        try {
            part.get(mostMillis, TimeUnit.MILLISECONDS);
        } catch (TimeoutException _) {
            log.warn(whenLate);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException e) {
            log.error("The gateway did not stop in order", e);
        }
    }

    private CompletableFuture<Void> tellCursors() {
        return CompletableFuture.allOf(loops.stream()
                .map(loop -> CompletableFuture.supplyAsync(() -> loop.cursors().flush(), loop.executor())
                        .thenCompose(told -> told))
                .toArray(CompletableFuture[]::new));
    }

    private static LongSupplier monotonicMillis() {
        long origin = System.nanoTime();
        return () -> (System.nanoTime() - origin) / 1_000_000 + 1;
    }
}
