package io.whimbrel.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.util.concurrent.EventExecutor;
import io.whimbrel.broker.Outcome;
import io.whimbrel.gateway.GatewaySettings.Limits;
import io.whimbrel.gateway.GatewaySettings.Timing;
import io.whimbrel.model.Position;
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
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One event loop with everything that belongs to it: hub, heartbeats, and the tick. Only {@link #offer} and {@link #wake}
 * may be called from any thread; everything else on the loop.
 *
 * <p>The tick: the loop takes all publications that wait for it, lays their frames end to end per topic and wire format,
 * and gives them to subscribers, each in one write, whatever the number of its topics. A tick serves a bounded number of
 * sessions and then lets the loop read; the rest has its turn in the next one, and is then given what has come in between
 * as well. Under light load a tick holds one publication and nothing waits; under heavy load publications pile up while
 * the loop writes, and each write is larger.
 */
final class Loop {
    private static final Logger log = LoggerFactory.getLogger(Loop.class);

    /**
     * Bytes of frames that are delivered at the same time; the rest waits in the inbox. A quarter of an outbox where
     * that is less, so that a quick reader has drained the one write before the next comes.
     */
    static final int TICK_MAX_BYTES = 256 * 1024;

    /** Sessions that get something in one tick, some milliseconds of work, before the loop reads again. */
    static final int TICK_MAX_SESSIONS = 1024;

    /**
     * Of these, so many of one topic where others wait or it has much to deliver; about a millisecond, after which what has
     * come meanwhile joins in. A publication that is alone would only pay for the interruptions: 7 % at 500 sessions.
     */
    static final int TICK_MAX_SESSIONS_OF_BUSY_TOPIC = 128;

    /** What a publication takes besides its payload, so that small ones are limited, too. */
    private static final int PUBLICATION_BYTES = 256;

    /** Ticks that may follow each other, woken from other threads, before the loop reads again. */
    private static final int MAX_TICKS_IN_A_ROW = 16;

    /** How often deadlines are looked at. */
    static final long WHEEL_TICK_MILLIS = 50;

    private static final long WHEEL_TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(WHEEL_TICK_MILLIS);

    private final EventExecutor executor;
    private final GatewaySettings settings;
    private final GatewayMetrics metrics;
    private final LongSupplier clockMillis;
    private final Hub hub;
    private final Cursors cursors;
    private final Codec codec;
    private final TimingWheel wheel;
    private final Deflation deflation = new Deflation();
    private final BufferSink sink = new BufferSink();
    private final List<Session> toFlush = new ArrayList<>();
    private final List<Batch> toEnd = new ArrayList<>();
    private final Runnable onWake = this::onWake;
    private final Runnable goOn = this::goOn;
    private final MemoryBudget budget;
    private final Trackers trackers;
    private final Deliveries deliveries;
    private final int tickMaxBytes;
    private final int tickMaxPublications;

    private final Queue<Publication> inbox = new ConcurrentLinkedQueue<>();
    private final AtomicLong inboxBytes = new AtomicLong();
    private final AtomicBoolean tickScheduled = new AtomicBoolean();
    /** Of what is being delivered. */
    private int frameBytes;

    private int publications;
    /** Whether the next tick is scheduled, so that nobody has to wake the loop. */
    private boolean continues;

    private int ticksInARow;

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
            Trackers trackers,
            Deliveries deliveries,
            LongSupplier clockMillis) {
        this.executor = executor;
        this.settings = settings;
        this.metrics = metrics;
        this.budget = budget;
        this.trackers = trackers;
        this.deliveries = deliveries;
        this.clockMillis = clockMillis;
        tickMaxBytes = Math.min(TICK_MAX_BYTES, settings.limits().outboxMaxBytes() / 4);
        tickMaxPublications = Math.max(1, settings.limits().outboxMaxFrames() / 4);
        hub = new Hub(this, subscriptions, codec);
        cursors = new Cursors(this, subscriptions);
        this.codec = codec;
        wheel = new TimingWheel(WHEEL_TICK_MILLIS, clockMillis.getAsLong());
    }

    /** Begins to look at deadlines. */
    void start() {
        wheelDueNanos = System.nanoTime() + WHEEL_TICK_NANOS;
        // With a fixed rate, turns that were missed would be made up for at once, and none of them be late.
        executor.scheduleWithFixedDelay(this::turnWheel, WHEEL_TICK_NANOS, WHEEL_TICK_NANOS, TimeUnit.NANOSECONDS);
        long checkMillis = timing().historyCheck().toMillis();
        executor.scheduleWithFixedDelay(hub::catchUpAll, checkMillis, checkMillis, TimeUnit.MILLISECONDS);
    }

    private void turnWheel() {
        metrics.eventLoopLag(System.nanoTime() - wheelDueNanos);
        long nowMillis = nowMillis();
        wheel.advance(nowMillis);
        hub.endLingering(nowMillis);
        wheelDueNanos = System.nanoTime() + WHEEL_TICK_NANOS;
    }

    /**
     * Takes a publication for the next tick. Drops it, counted, when more waits than the inbox may hold. Answers whether
     * the caller has to {@link #wake} this loop for it, now or a little later.
     */
    boolean offer(Publication publication) {
        int bytes = bytesOf(publication);
        if (inboxBytes.get() + bytes > settings.limits().inboxMaxBytes()) {
            metrics.inboxOverflow();
            Delivery delivery = deliveries.of(publication);
            if (delivery != null) {
                delivery.onDropped(this);
            }
            Tracker tracker = trackers.of(publication);
            if (tracker != null) {
                tracker.note(Outcome.INBOX_FULL, 1);
                if (publication.position() == null) { // else who lacks it is counted when it was read
                    run(() -> tracker.count(this, hub.sessionsOf(publication.topic())));
                }
            }
            return false;
        }
        inboxBytes.addAndGet(bytes);
        inbox.add(publication);
        return needsWaking();
    }

    private static int bytesOf(Publication publication) {
        return publication.payload().length + PUBLICATION_BYTES;
    }

    private boolean needsWaking() {
        return !tickScheduled.get() && tickScheduled.compareAndSet(false, true);
    }

    /** Lets a tick begin. From any thread; called once for each time {@link #offer} asked for it. */
    void wake() {
        executor.execute(onWake);
    }

    private void onWake() {
        tickScheduled.set(false);
        if (continues) {
            return; // the tick that is scheduled takes the inbox, too
        }
        if (++ticksInARow < MAX_TICKS_IN_A_ROW) {
            tick();
        } else {
            goOnLater();
        }
    }

    private void goOn() {
        continues = false;
        ticksInARow = 0;
        tick();
    }

    /** Not executed, but scheduled: Netty runs tasks until there are none before it reads again. */
    private void goOnLater() {
        if (!continues) {
            continues = true;
            var _ = executor.schedule(goOn, 0, TimeUnit.NANOSECONDS);
        }
    }

    void tick() {
        // Before the queue is read: whoever offers from now on wakes the loop.
        tickScheduled.set(false);
        try {
            takeWaiting();
            hub.deliver(TICK_MAX_SESSIONS, TICK_MAX_SESSIONS_OF_BUSY_TOPIC);
            flush();
        } finally {
            for (int i = 0; i < toEnd.size(); i++) {
                toEnd.get(i).end();
            }
            toEnd.clear();
            if (!isIdle()) {
                goOnLater();
            }
        }
    }

    private void takeWaiting() {
        Publication publication;
        while (frameBytes < tickMaxBytes
                && publications < tickMaxPublications
                && (publication = inbox.poll()) != null) {
            inboxBytes.addAndGet(-bytesOf(publication));
            count(hub.append(publication));
        }
    }

    private void count(int addedBytes) {
        if (addedBytes > 0) {
            frameBytes += addedBytes;
            publications++;
        }
    }

    /** Delivers a publication that came another way than the others, behind those that are being delivered. */
    void append(Publication publication) {
        count(hub.append(publication));
        goOnLater();
    }

    /** Here and now on the loop, or a little later from elsewhere. */
    void run(Runnable task) {
        if (executor.inEventLoop()) {
            task.run();
        } else {
            executor.execute(task);
        }
    }

    private void flush() {
        for (int i = 0; i < toFlush.size(); i++) {
            Session session = toFlush.get(i);
            try {
                session.flush();
            } catch (RuntimeException | Error e) {
                log.error("A session could not be sent what it has, it is closed", e);
                session.abort();
            }
        }
        toFlush.clear();
    }

    /** Whether all that was offered has been given to everybody. */
    boolean isIdle() {
        return inbox.isEmpty() && !hub.isDelivering();
    }

    /** Lets go of frames at the end of this tick, when everybody they were given to has sent or holds them. */
    void endAfterTick(@Nullable Batch frames) {
        if (frames != null) {
            toEnd.add(frames);
        }
    }

    /** There is room for others now. */
    void onPortionEnded(int bytes, int ofPublications) {
        frameBytes -= bytes;
        publications -= ofPublications;
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

    Cursors cursors() {
        return cursors;
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

    Trackers trackers() {
        return trackers;
    }

    Deliveries deliveries() {
        return deliveries;
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

    /** Appends the frame of a publication; answers its length. */
    int appendFrame(Publication publication, ByteBuf out, boolean deflated) {
        int before = out.writerIndex();
        if (deflated) {
            appendDeflated(publication, out);
        } else {
            Frames.writeTextHeader(out, codec.encodedLength(publication), false);
            codec.encode(publication, sinkTo(out));
        }
        return out.writerIndex() - before;
    }

    /** A frame that tells of lost publications; to be ended by the caller. */
    Batch notRecovered(Position upTo, OutboxRule rule) {
        byte[] text = codec.notRecovered(upTo);
        Batch notice = new Batch(allocate(Frames.headerLength(text.length) + text.length), rule);
        ByteBuf out = notice.nextFrame();
        Frames.writeTextHeader(out, text.length, false);
        out.writeBytes(text);
        return notice;
    }

    private void appendDeflated(Publication publication, ByteBuf out) {
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
