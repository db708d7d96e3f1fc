package io.whimbrel.load;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.util.AsciiString;
import io.netty.util.concurrent.Future;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Publishes over keep-alive connections: at a fixed rate, each message stamped with the time it was due, or as fast as the
 * bound on undelivered messages allows. Recipients are chosen at random; where they may ask for what they missed each gets
 * one first, from which it learns where it stands. Called only on the first event loop, but where it says otherwise.
 */
final class Publisher implements HttpLink.Asker {
    private static final int OK = 200;
    private static final int TOO_MANY = 429;
    private static final int UNAVAILABLE = 503;
    private static final long REST_MILLIS = 100;
    private static final int LARGEST_HEAD_BYTES = 4_096;

    private final EventLoop loop;
    private final Pace pace;
    private final List<Recipient> recipients;
    private final Deque<Recipient> unplaced = new ArrayDeque<>();
    private final List<AsciiString> senders;
    private final IntSupplier audience;
    private final ByteBuf head;
    private final ByteBuf padding;
    private final int sizeBytes;
    private final boolean comeBack;
    /** Empty where addresses are published to. */
    private final AsciiString topic;

    private final List<HttpLink> links = new ArrayList<>();
    private final Deque<HttpLink> idle = new ArrayDeque<>();
    private final Map<HttpLink, Asked> busy = new java.util.HashMap<>();
    private final Map<String, Long> refusals = new TreeMap<>();
    private final AtomicLong sent = new AtomicLong();
    private final AtomicLong accepted = new AtomicLong();
    private final AtomicLong underWay = new AtomicLong();

    private int nextSender;
    private boolean running;
    private @Nullable Future<?> timer;

    /** @param expected how many deliveries the pace counts on for it */
    private record Asked(Recipient recipient, int number, int expected) {}

    /**
     * @param senders tokens that publish in turn; empty: the API key does
     * @param audience how many connections a publication will reach; safe for any thread
     */
    Publisher(
            Wire wire,
            BenchSettings settings,
            Pace pace,
            List<Recipient> recipients,
            List<AsciiString> senders,
            IntSupplier audience) {
        loop = wire.loops().first();
        this.pace = pace;
        this.recipients = recipients;
        comeBack = settings.scenario().reconnects();
        if (comeBack) {
            unplaced.addAll(recipients);
        }
        this.senders = senders;
        this.audience = audience;
        sizeBytes = settings.load().sizeBytes();
        topic = AsciiString.cached(settings.target().topic());
        String key = settings.target().apiKey();
        head = ascii("POST /publish HTTP/1.1\r\nHost: " + wire.web().authority()
                + (key.isEmpty() ? "" : "\r\nX-API-Key: " + key)
                + "\r\nContent-Type: application/json\r\nContent-Length: ");
        padding = ascii("x".repeat(sizeBytes));
        for (int i = 0; i < settings.load().publishers(); i++) {
            HttpLink link = new HttpLink(wire, loop, this);
            links.add(link);
            idle.add(link);
        }
    }

    private static ByteBuf ascii(String text) {
        return Unpooled.wrappedBuffer(text.getBytes(StandardCharsets.US_ASCII));
    }

    /** Safe for any thread. */
    void start() {
        loop.execute(() -> {
            running = true;
            pace.start(Clock.nanos());
            pump();
        });
    }

    /** Sends nothing new; answers still come. Safe for any thread. */
    void stop() {
        loop.submit(() -> running = false).syncUninterruptibly();
    }

    /** Safe for any thread. */
    void close() {
        loop.submit(() -> links.forEach(HttpLink::close)).syncUninterruptibly();
    }

    /** Something was delivered, so there may be room again. Safe for any thread. */
    void onProgress() {
        if (pace.takeWaiting()) {
            loop.execute(this::pump);
        }
    }

    private void pump() {
        while (running && !idle.isEmpty()) {
            long now = Clock.nanos();
            long due = pace.nextDue(now);
            if (due > now) {
                wakeAt(due - now);
                return;
            }
            publish(idle.poll(), due);
        }
    }

    private void wakeAt(long inNanos) {
        if (timer == null) {
            timer = loop.schedule(this::onTimer, inNanos, TimeUnit.NANOSECONDS);
        }
    }

    private void onTimer() {
        timer = null;
        pump();
    }

    private void publish(HttpLink link, long dueNanos) {
        Recipient recipient = nextRecipient();
        int number = recipient.ledger().onSent(Clock.nanos());
        if (number > Stamp.MAX_NUMBER) {
            throw new IllegalStateException("more publications to one address than the bench can number");
        }
        int expected = audience.getAsInt();
        busy.put(link, new Asked(recipient, number, expected));
        pace.onSent(expected);
        sent.lazySet(sent.getPlain() + 1);
        underWay.lazySet(busy.size());
        link.ask(request(link, recipient, dueNanos, number));
    }

    private Recipient nextRecipient() {
        Recipient first = unplaced.poll();
        if (first != null) {
            return first;
        }
        return recipients.size() == 1
                ? recipients.getFirst()
                : recipients.get(ThreadLocalRandom.current().nextInt(recipients.size()));
    }

    private ByteBuf request(HttpLink link, Recipient recipient, long dueNanos, int number) {
        ByteBuf body = link.buffer();
        ByteBufUtil.writeAscii(body, topic.isEmpty() ? "{\"uuid_remote\":\"" : "{\"topic\":\"");
        ByteBufUtil.writeAscii(body, topic.isEmpty() ? recipient.identity().address() : topic);
        if (!senders.isEmpty()) {
            ByteBufUtil.writeAscii(body, "\",\"uuid_local\":\"");
            ByteBufUtil.writeAscii(body, senders.get(nextSender));
            nextSender = (nextSender + 1) % senders.size();
        }
        ByteBufUtil.writeAscii(body, "\",\"message\":\"");
        int messageAt = body.writerIndex() - 1;
        Stamp.write(body, dueNanos, number);
        body.writeByte(' ');
        int missing = sizeBytes - 1 - (body.writerIndex() - messageAt);
        body.writeBytes(padding, 0, Math.max(0, missing));
        body.writeShort(('"' << 8) | '}');
        ByteBuf request = link.buffer();
        request.ensureWritable(Math.min(LARGEST_HEAD_BYTES, head.readableBytes() + 16) + body.readableBytes());
        request.writeBytes(head, 0, head.readableBytes());
        ByteBufUtil.writeAscii(request, Integer.toString(body.readableBytes()));
        ByteBufUtil.writeAscii(request, "\r\n\r\n");
        request.writeBytes(body);
        body.release();
        return request;
    }

    @Override
    public void onAnswer(HttpLink link, HttpAnswer answer) {
        Asked asked = done(link);
        int status = answer.status();
        if (status == OK) {
            asked.recipient().ledger().onAccepted(asked.number(), Clock.nanos());
            accepted.lazySet(accepted.getPlain() + 1);
            rested(link);
            return;
        }
        onRefused(asked, "HTTP " + status);
        if (status == TOO_MANY || status == UNAVAILABLE) {
            rest(link);
        } else {
            rested(link);
        }
    }

    @Override
    public void onBreak(HttpLink link, String why) {
        Asked asked = done(link);
        onRefused(asked, "no answer: " + why);
        rest(link);
    }

    private void onRefused(Asked asked, String why) {
        pace.onRefused(asked.expected());
        refusals.merge(why, 1L, Long::sum);
        Recipient recipient = asked.recipient();
        if (comeBack && recipient.ledger().accepted().count() == 0) {
            unplaced.add(recipient);
        }
    }

    private Asked done(HttpLink link) {
        Asked asked = busy.remove(link);
        if (asked == null) {
            throw new IllegalStateException("an answer to nothing that was asked");
        }
        return asked;
    }

    /** Who was refused does not ask again at once. */
    private void rest(HttpLink link) {
        underWay.lazySet(busy.size());
        loop.schedule(() -> rested(link), REST_MILLIS, TimeUnit.MILLISECONDS);
    }

    private void rested(HttpLink link) {
        underWay.lazySet(busy.size());
        idle.add(link);
        pump();
    }

    /** Safe for any thread. */
    long sent() {
        return sent.get();
    }

    /** Safe for any thread. */
    long accepted() {
        return accepted.get();
    }

    /** Requests whose answer has not come. Safe for any thread. */
    long underWay() {
        return underWay.get();
    }

    /** By what was answered. Safe for any thread. */
    Map<String, Long> refusals() {
        return loop.submit(() -> Map.copyOf(refusals)).syncUninterruptibly().getNow();
    }
}
