package io.whimbrel.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.util.concurrent.EventExecutor;
import io.whimbrel.gateway.GatewaySettings.Limits;
import io.whimbrel.gateway.GatewaySettings.Timing;
import io.whimbrel.model.Publication;
import io.whimbrel.protocol.ByteSink;
import io.whimbrel.protocol.Codec;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * One event loop with everything that belongs to it: hub, heartbeats, and the tick. Only {@link #offer} and {@link #wake}
 * may be called from any thread; everything else on the loop.
 *
 * <p>The tick: the loop takes all publications that wait for it, lays their frames end to end per topic and wire
 * format, writes each subscriber once and flushes it once. Under light load a tick holds one publication and nothing
 * waits; under heavy load publications pile up while the loop writes, and the next tick is larger.
 */
final class Loop {
    /**
     * Bytes of frames after which a tick ends and the rest waits for the next one, so that the loop gets to read in
     * between; a quarter of an outbox where that is less, so that a quick reader has drained the one tick before the
     * next comes.
     */
    static final int TICK_MAX_BYTES = 256 * 1024;

    /** How often deadlines are looked at. */
    static final long WHEEL_TICK_MILLIS = 50;

    private static final long WHEEL_TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(WHEEL_TICK_MILLIS);

    private final EventExecutor executor;
    private final GatewaySettings settings;
    private final GatewayMetrics metrics;
    private final LongSupplier clockMillis;
    private final Hub hub;
    private final TimingWheel wheel;
    private final Deflation deflation = new Deflation();
    private final BufferSink sink = new BufferSink();
    private final List<Publication> inTick = new ArrayList<>();
    private final List<Session> toFlush = new ArrayList<>();
    private final MemoryBudget budget;
    private final int tickMaxBytes;

    private final Queue<Publication> inbox = new ConcurrentLinkedQueue<>();
    private final AtomicLong inboxBytes = new AtomicLong();
    private final AtomicBoolean tickScheduled = new AtomicBoolean();
    private long wheelDueNanos;

    /**
     * @param clockMillis monotonic, not the time of day
     */
    Loop(
            EventExecutor executor,
            GatewaySettings settings,
            Subscriptions subscriptions,
            Codec codec,
            GatewayMetrics metrics,
            MemoryBudget budget,
            LongSupplier clockMillis) {
        this.executor = executor;
        this.settings = settings;
        this.metrics = metrics;
        this.budget = budget;
        this.clockMillis = clockMillis;
        tickMaxBytes = Math.min(TICK_MAX_BYTES, settings.limits().outboxMaxBytes() / 4);
        hub = new Hub(this, subscriptions, codec);
        wheel = new TimingWheel(WHEEL_TICK_MILLIS, clockMillis.getAsLong());
    }

    /** Begins to look at deadlines. */
    void start() {
        wheelDueNanos = System.nanoTime() + WHEEL_TICK_NANOS;
        executor.scheduleAtFixedRate(this::turnWheel, WHEEL_TICK_NANOS, WHEEL_TICK_NANOS, TimeUnit.NANOSECONDS);
    }

    private void turnWheel() {
        long nowNanos = System.nanoTime();
        metrics.eventLoopLag(nowNanos - wheelDueNanos);
        // Netty makes up for turns it missed at once; those were not late again.
        wheelDueNanos = Math.max(wheelDueNanos + WHEEL_TICK_NANOS, nowNanos);
        long nowMillis = nowMillis();
        wheel.advance(nowMillis);
        hub.endLingering(nowMillis);
    }

    /**
     * Takes a publication for the next tick. Drops it, counted, when more waits than the inbox may hold. Answers whether
     * the caller has to {@link #wake} this loop for it, now or a little later.
     */
    boolean offer(Publication publication) {
        int bytes = publication.payload().length;
        if (inboxBytes.get() + bytes > settings.limits().inboxMaxBytes()) {
            metrics.inboxOverflow();
            return false;
        }
        inboxBytes.addAndGet(bytes);
        inbox.add(publication);
        return needsWaking();
    }

    private boolean needsWaking() {
        return !tickScheduled.get() && tickScheduled.compareAndSet(false, true);
    }

    /** Lets a tick begin. From any thread; called once for each time {@link #offer} asked for it. */
    void wake() {
        executor.execute(this::tick);
    }

    void tick() {
        // Before the queue is read: whoever offers from now on schedules the next tick.
        tickScheduled.set(false);
        int frameBytes = 0;
        int payloadBytes = 0;
        Publication publication;
        while (frameBytes < tickMaxBytes && (publication = inbox.poll()) != null) {
            payloadBytes += publication.payload().length;
            int added = hub.append(publication);
            if (added > 0) {
                frameBytes += added;
                inTick.add(publication);
            }
        }
        inboxBytes.addAndGet(-payloadBytes);
        hub.deliverTick();
        for (int i = 0; i < toFlush.size(); i++) {
            toFlush.get(i).flush();
        }
        toFlush.clear();
        hub.endTick();
        metrics.tick(inTick);
        inTick.clear();
        if (!inbox.isEmpty() && needsWaking()) {
            wake();
        }
    }

    /** Remembers a session that has something to send at the end of this tick. */
    void flushLater(Session session) {
        toFlush.add(session);
    }

    /** Every session of this loop that is not closed. */
    List<Session> sessions() {
        List<Session> sessions = new ArrayList<>(wheel.size());
        wheel.forEach(entry -> sessions.add((Session) entry));
        return sessions;
    }

    EventExecutor executor() {
        return executor;
    }

    Hub hub() {
        return hub;
    }

    TimingWheel wheel() {
        return wheel;
    }

    Deflation deflation() {
        return deflation;
    }

    GatewayMetrics metrics() {
        return metrics;
    }

    MemoryBudget budget() {
        return budget;
    }

    GatewaySettings settings() {
        return settings;
    }

    Limits limits() {
        return settings.limits();
    }

    Timing timing() {
        return settings.timing();
    }

    /** Monotonic. */
    long nowMillis() {
        return clockMillis.getAsLong();
    }

    ByteBuf allocate(int bytes) {
        return ByteBufAllocator.DEFAULT.directBuffer(bytes);
    }

    /** The one sink of this loop, which writes to the buffer until it is given another one. */
    ByteSink sinkTo(ByteBuf buffer) {
        sink.buffer = buffer;
        return sink;
    }

    /** Appends the frame of a publication, compressed; answers its length. */
    int appendDeflated(Publication publication, Codec codec, ByteBuf out) {
        int before = out.writerIndex();
        ByteBuf plain = allocate(codec.encodedLength(publication));
        ByteBuf payload = allocate(codec.encodedLength(publication));
        try {
            codec.encode(publication, sinkTo(plain));
            byte[] bytes = new byte[plain.readableBytes()];
            plain.readBytes(bytes);
            deflation.deflate(bytes, payload);
            Frames.writeTextHeader(out, payload.readableBytes(), true);
            out.writeBytes(payload);
        } finally {
            plain.release();
            payload.release();
        }
        return out.writerIndex() - before;
    }

    private static final class BufferSink implements ByteSink {
        private ByteBuf buffer = io.netty.buffer.Unpooled.EMPTY_BUFFER;

        @Override
        public void put(byte[] bytes) {
            buffer.writeBytes(bytes);
        }

        @Override
        public void putAscii(String text) {
            buffer.writeCharSequence(text, StandardCharsets.US_ASCII);
        }
    }
}
