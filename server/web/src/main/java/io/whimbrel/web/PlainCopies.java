package io.whimbrel.web;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.whimbrel.broker.PlainChannels;
import io.whimbrel.model.Publication;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends accepted publications once more in the original system's form, for its gateways during a migration. A copy that
 * fails is counted and logged, at most once in {@link #LOG_EVERY_NANOS}; the publisher does not hear of it. Safe for any
 * thread.
 */
final class PlainCopies {
    /** The member by which our own gateways know that they have had this message already. */
    private static final String MARKER = "whimbrel";

    private static final long LOG_EVERY_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final Logger log = LoggerFactory.getLogger(PlainCopies.class);

    private final PlainChannels channels;
    private final String channel;
    private final WebMetrics metrics;
    private final LongSupplier nanoClock;
    private final AtomicLong nextLogNanos;

    PlainCopies(PlainChannels channels, String channel, WebMetrics metrics, LongSupplier nanoClock) {
        this.channels = channels;
        this.channel = channel;
        this.metrics = metrics;
        this.nanoClock = nanoClock;
        this.nextLogNanos = new AtomicLong(nanoClock.getAsLong());
    }

    /** @param uuidRemote the recipient as the publisher gave it, by which the original's gateways know it */
    void send(String uuidRemote, Publication publication) {
        channels.publish(channel, record(uuidRemote, publication)).whenComplete((_, failure) -> {
            if (failure != null) {
                onFailure(failure);
            }
        });
    }

    private static byte[] record(String uuidRemote, Publication publication) {
        StringBuilder head = new StringBuilder(192);
        head.append("{\"uuid_remote\":").append(JsonText.quote(uuidRemote));
        if (publication.from() != null) {
            head.append(",\"uuid_local\":\"").append(publication.from()).append('"');
        }
        head.append(",\"message\":");
        String tail = ",\"" + MARKER + "\":" + JsonText.quote(publication.id()) + '}';
        return join(head.toString().getBytes(UTF_8), publication.payload(), tail.getBytes(UTF_8));
    }

    private static byte[] join(byte[] head, byte[] payload, byte[] tail) {
        byte[] whole = new byte[head.length + payload.length + tail.length];
        System.arraycopy(head, 0, whole, 0, head.length);
        System.arraycopy(payload, 0, whole, head.length, payload.length);
        System.arraycopy(tail, 0, whole, head.length + payload.length, tail.length);
        return whole;
    }

    private void onFailure(Throwable failure) {
        metrics.plainFailures.increment();
        long due = nextLogNanos.get();
        long now = nanoClock.getAsLong();
        if (now - due >= 0 && nextLogNanos.compareAndSet(due, now + LOG_EVERY_NANOS)) {
            log.warn(
                    "web.redis.plain-channel: {} copies did not reach channel {} so far, the last one since {}",
                    metrics.plainFailures.sum(),
                    channel,
                    failure.toString());
        }
    }
}
