package io.whimbrel.broker.redis;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.lettuce.core.MapScanCursor;
import io.lettuce.core.ScanArgs;
import io.lettuce.core.ScanCursor;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import io.whimbrel.broker.BrokerUnavailableException;
import io.whimbrel.broker.Notice;
import io.whimbrel.broker.Notices;
import io.whimbrel.broker.NoticesFullException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notices in Redis: of each kind a hash, {@code <prefix>:notices:{<kind>}:h}, and a sorted set of their ends, {@code …:e}, both
 * gone after the last end; and a channel of the name without its end, on which they are told. Safe for any thread.
 */
final class RedisNotices implements Notices {
    private static final Logger log = LoggerFactory.getLogger(RedisNotices.class);
    private static final byte[] LIMIT_TEXT = ascii(LIMIT);

    /** That have ended, and go when another one is posted; Lua cannot take more than some thousand at once. */
    private static final byte[] REMOVED_AT_ONCE = ascii(1_000);

    /** Read at once, so that Redis does not keep others waiting. */
    private static final int READ_AT_ONCE = 500;

    /** A message lost on the way, of which nobody knows, is made good after this time. */
    private static final Duration READ_AGAIN_AFTER = Duration.ofMinutes(1);

    /** While Redis is away a reading fails at once and costs nothing. */
    private static final Duration RETRY_AFTER = Duration.ofMillis(100);

    private final RedisBroker broker;
    private final String prefix;
    private final EventLoop loop;

    /** @param loop the one that {@link RedisBroker#hear} calls on */
    RedisNotices(RedisBroker broker, String prefix, EventLoop loop) {
        this.broker = broker;
        this.prefix = prefix;
        this.loop = loop;
    }

    @Override
    public CompletionStage<Void> post(Notice notice) {
        String[] keys = {hash(notice.kind()), channel(notice.kind()) + ":e"};
        byte[][] arguments = {
            channel(notice.kind()).getBytes(US_ASCII),
            notice.about().getBytes(US_ASCII),
            ascii(notice.untilMillis()),
            notice.text().getBytes(US_ASCII),
            LIMIT_TEXT,
            REMOVED_AT_ONCE
        };
        CompletableFuture<Void> posted = new CompletableFuture<>();
        var _ = broker.errands()
                .run(
                        "posting a notice",
                        keys[0],
                        connection -> connection.durably(Script.NOTICE.call(connection, keys, arguments)))
                .whenComplete((answer, failure) -> {
                    if (failure != null) {
                        posted.completeExceptionally(failure);
                    } else if (answer.getFirst().equals(0L)) {
                        broker.counters().noticesRefused.increment();
                        posted.completeExceptionally(new NoticesFullException(notice.kind(), LIMIT));
                    } else {
                        posted.complete(null);
                    }
                });
        return posted;
    }

    @Override
    public CompletionStage<Void> hear(String kind, Consumer<Notice> listener) {
        Notice.requireKind(kind);
        Ear ear = new Ear(kind, listener);
        try {
            broker.hear(channel(kind), ear::told, ear::read);
        } catch (BrokerUnavailableException e) {
            return CompletableFuture.failedStage(e);
        }
        return ear.complete.minimalCompletionStage();
    }

    private String hash(String kind) {
        return channel(kind) + ":h";
    }

    private String channel(String kind) {
        return prefix + ":notices:{" + kind + '}';
    }

    private static byte[] ascii(long number) {
        return Long.toString(number).getBytes(US_ASCII);
    }

    /**
     * One that hears of a kind: told by the channel at once, and reading what is kept whenever it is newly subscribed and now and
     * then. Called only on the event loop.
     */
    private final class Ear {
        private final String kind;
        private final Consumer<Notice> listener;
        private final CompletableFuture<Void> complete = new CompletableFuture<>();
        /** About which something was told since the reading began: what it finds may be older. */
        private final Set<String> toldMeanwhile = new HashSet<>();

        private boolean reading;
        private boolean readAgain;
        private @Nullable ScheduledFuture<?> next;

        Ear(String kind, Consumer<Notice> listener) {
            this.kind = kind;
            this.listener = listener;
        }

        void told(byte[] message) {
            String[] parts = new String(message, US_ASCII).split(" ", 2);
            Notice notice = parts.length == 2 ? parse(parts[0], parts[1]) : null;
            if (notice == null) {
                broker.counters().malformed.increment();
                return;
            }
            if (reading) {
                toldMeanwhile.add(notice.about());
            }
            tell(notice);
        }

        void read() {
            if (reading) {
                readAgain = true;
                return;
            }
            if (next != null) {
                next.cancel(false);
            }
            reading = true;
            readAgain = false;
            toldMeanwhile.clear();
            readFrom(ScanCursor.INITIAL);
        }

        private void readFrom(ScanCursor cursor) {
            var _ = broker.errands()
                    .run(
                            "reading notices",
                            hash(kind),
                            connection -> connection
                                    .commands()
                                    .hscan(hash(kind), cursor, ScanArgs.Builder.limit(READ_AT_ONCE)))
                    .whenCompleteAsync(
                            (piece, failure) -> {
                                if (failure != null) {
                                    ended(RETRY_AFTER);
                                } else {
                                    found(piece);
                                }
                            },
                            loop);
        }

        private void found(MapScanCursor<String, byte[]> piece) {
            piece.getMap().forEach(this::found);
            if (!piece.isFinished()) {
                readFrom(piece);
                return;
            }
            complete.complete(null);
            ended(readAgain ? Duration.ZERO : READ_AGAIN_AFTER);
        }

        private void found(String about, byte[] value) {
            Notice notice = parse(about, new String(value, US_ASCII));
            if (notice == null) {
                broker.counters().malformed.increment();
            } else if (notice.untilMillis() > System.currentTimeMillis() && !toldMeanwhile.contains(about)) {
                tell(notice);
            }
        }

        private void tell(Notice notice) {
            try {
                listener.accept(notice);
            } catch (RuntimeException e) {
                log.error("A listener of the broker failed, which it must not", e);
            }
        }

        private void ended(Duration nextIn) {
            reading = false;
            toldMeanwhile.clear();
            if (!broker.isClosed()) {
                next = loop.schedule(this::read, nextIn.toMillis(), TimeUnit.MILLISECONDS);
            }
        }

        private @Nullable Notice parse(String about, String value) {
            int blank = value.indexOf(' ');
            if (blank < 0) {
                return null;
            }
            try {
                return new Notice(kind, about, value.substring(blank + 1), Long.parseLong(value, 0, blank, 10));
            } catch (IllegalArgumentException _) {
                return null; // somebody else wrote this
            }
        }
    }
}
