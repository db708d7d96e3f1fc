package io.whimbrel.web;

import io.vertx.core.http.HttpConnection;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The connections of one event loop: how many there may be, and how long each may take. A deadline runs from the
 * beginning of a request, or of the wait for one, so that a client cannot hold a connection by sending a byte now and
 * then. Called only on its event loop; the total is shared by all loops.
 */
final class Connections {
    private static final DateTimeFormatter HTTP_DATE = DateTimeFormatter.ofPattern(
                    "EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ROOT)
            .withZone(ZoneOffset.UTC);
    private static final long LONGEST_SWEEP_MILLIS = 1_000;

    private final WebSettings settings;
    private final Clocks clocks;
    private final AtomicInteger total;
    private final WebMetrics metrics;
    private final Map<HttpConnection, Visit> open = new HashMap<>();
    private boolean draining;
    private long dateSecond = -1;
    private String date = "";

    Connections(WebSettings settings, Clocks clocks, AtomicInteger total, WebMetrics metrics) {
        this.settings = settings;
        this.clocks = clocks;
        this.total = total;
        this.metrics = metrics;
    }

    void onConnect(HttpConnection connection) {
        total.incrementAndGet();
        connection.exceptionHandler(_ -> {}); // its end is told below; strangers must not write errors into our log
        connection.closeHandler(_ -> {
            open.remove(connection);
            total.decrementAndGet();
        });
        if (total.get() > settings.maxConnections()) {
            metrics.connectionsRefused.increment();
            connection.close();
            return;
        }
        // Who connects without asking for anything gets the time of one request, not that of a guest.
        open.put(connection, new Visit(now(), settings.requestTimeout()));
    }

    void onRequest(HttpConnection connection, Exchange exchange) {
        Visit visit = open.get(connection);
        if (visit != null) {
            visit.exchange = exchange;
            visit.begin(now(), settings.requestTimeout());
        }
    }

    /** Gives a request so much more time than others have. */
    void grant(HttpConnection connection, Duration more) {
        Visit visit = open.get(connection);
        if (visit != null) {
            visit.deadlineNanos += more.toNanos();
        }
    }

    void onAnswer(HttpConnection connection) {
        Visit visit = open.get(connection);
        if (visit != null) {
            visit.exchange = null;
            visit.begin(now(), settings.idleTimeout());
        }
    }

    /** From now on every answer is the last of its connection. */
    void drain() {
        draining = true;
    }

    boolean areDraining() {
        return draining;
    }

    /** The time of day for the {@code Date} header (RFC 9110 §6.6.1), written once a second. */
    String date() {
        Instant instant = clocks.wall().instant();
        if (instant.getEpochSecond() != dateSecond) {
            dateSecond = instant.getEpochSecond();
            date = HTTP_DATE.format(instant);
        }
        return date;
    }

    /** How often {@link #sweep()} should be called: often enough that no deadline is late by more than a quarter. */
    long sweepMillis() {
        long shortest = Math.min(
                settings.requestTimeout().toMillis(), settings.idleTimeout().toMillis());
        return Math.clamp(shortest / 4, 1, LONGEST_SWEEP_MILLIS);
    }

    /** Ends what took too long: a request with an answer, a silent connection without. */
    void sweep() {
        long now = now();
        for (Map.Entry<HttpConnection, Visit> entry : new ArrayList<>(open.entrySet())) {
            Visit visit = entry.getValue();
            if (now - visit.deadlineNanos < 0) {
                continue;
            }
            if (visit.exchange != null) {
                visit.exchange.timeOut();
            } else if (!visit.closing) {
                visit.closing = true;
                entry.getKey().close();
            }
        }
    }

    private long now() {
        return clocks.nanos().getAsLong();
    }

    /** Where a connection stands. */
    private static final class Visit {
        private long deadlineNanos;
        private @Nullable Exchange exchange;
        /** Which waits until what was written is taken: for a client that does not read it is ended from below. */
        private boolean closing;

        Visit(long now, Duration limit) {
            begin(now, limit);
        }

        void begin(long now, Duration limit) {
            deadlineNanos = now + limit.toNanos();
        }
    }
}
