package io.whimbrel.broker.redis;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.lettuce.core.api.StatefulRedisConnection;
import io.whimbrel.broker.History;
import io.whimbrel.broker.IdempotencyKey;
import io.whimbrel.broker.Published;
import io.whimbrel.broker.PublishedOnce;
import io.whimbrel.broker.Retention;
import io.whimbrel.model.Position;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.Stream;

/** Publications that are kept, in Redis. Each call is one script, so that nothing comes in between. Safe for any thread. */
final class Histories {
    /** For how long a topic's offsets go on after it was last used; then a new epoch begins. */
    static final Duration META_TIME = Duration.ofDays(30);

    private static final byte[] META_MILLIS = ascii(META_TIME.toMillis());
    private static final Script PUBLISH = Script.named("publish");
    private static final Script HISTORY = Script.named("history");
    private static final Script CURSORS = Script.named("cursors");
    private static final Script TOPS = Script.named("tops");

    /** Says to the script that it is to begin at the cursor. */
    private static final byte[] CURSOR = {'-'};

    /** Likewise, that only the newest is wanted. */
    private static final byte[] NEWEST = {'+'};

    /** Topics that one call is about, so that Redis does not keep others waiting: about 100 µs. */
    private static final int TOPICS_AT_ONCE = 128;

    private final RedisSettings settings;

    Histories(RedisSettings settings) {
        this.settings = settings;
    }

    /** To be done with a new connection before it is used: a script that has to be sent may be overtaken by the next. */
    CompletionStage<Void> prepare(StatefulRedisConnection<String, byte[]> connection) {
        CompletableFuture<?>[] loading = Stream.of(PUBLISH, HISTORY, CURSORS, TOPS)
                .map(script -> script.load(connection).toCompletableFuture())
                .toArray(CompletableFuture[]::new);
        return CompletableFuture.allOf(loading);
    }

    CompletionStage<Published> publish(StatefulRedisConnection<String, byte[]> connection, Publication publication) {
        return PUBLISH.call(connection, keys(publication.topic()), arguments(publication))
                .thenApply(Histories::published);
    }

    /** Also for topics that are not kept. */
    CompletionStage<PublishedOnce> publish(
            StatefulRedisConnection<String, byte[]> connection, Publication publication, IdempotencyKey key) {
        String[] keys = Arrays.copyOf(keys(publication.topic()), 3);
        keys[2] = TopicKeys.firstAnswer(settings.keyPrefix(), publication.topic(), key);
        byte[] beginning = FirstAnswer.begin(publication, key);
        byte[] timeMillis = ascii(key.time().toMillis());
        return PUBLISH.call(connection, keys, arguments(publication, beginning, timeMillis))
                .thenApply(answer -> answer.getFirst() instanceof byte[] remembered
                        ? FirstAnswer.toRepetition(remembered, key)
                        : new PublishedOnce.First(published(answer)));
    }

    private byte[][] arguments(Publication publication, byte[]... more) {
        Topic topic = publication.topic();
        Retention retention = settings.history().of(topic);
        byte[][] arguments = {
            TopicKeys.channel(settings.keyPrefix(), topic).getBytes(UTF_8),
            Envelope.header(publication),
            publication.payload(),
            ascii(retention.publications()),
            ascii(retention.time().toMillis()),
            Position.newEpoch().getBytes(ISO_8859_1),
            META_MILLIS
        };
        if (more.length == 0) {
            return arguments;
        }
        byte[][] all = Arrays.copyOf(arguments, arguments.length + more.length);
        System.arraycopy(more, 0, all, arguments.length, more.length);
        return all;
    }

    private static Published published(List<Object> answer) {
        Position position = answer.size() == 1 ? null : position(answer.get(2), answer.get(1));
        return new Published(Math.toIntExact((Long) answer.getFirst()), position);
    }

    CompletionStage<History> read(
            StatefulRedisConnection<String, byte[]> connection, Topic topic, long after, int limit) {
        return read(connection, topic, ascii(after), limit);
    }

    CompletionStage<History> readLatest(StatefulRedisConnection<String, byte[]> connection, Topic topic) {
        return read(connection, topic, NEWEST, 1);
    }

    CompletionStage<History> readFromCursor(
            StatefulRedisConnection<String, byte[]> connection, Topic topic, int limit) {
        return read(connection, topic, CURSOR, limit);
    }

    private CompletionStage<History> read(
            StatefulRedisConnection<String, byte[]> connection, Topic topic, byte[] after, int limit) {
        return HISTORY.call(
                        connection,
                        keys(topic),
                        after,
                        ascii(limit),
                        Position.newEpoch().getBytes(ISO_8859_1),
                        META_MILLIS)
                .thenApply(answer -> {
                    List<Publication> publications = new ArrayList<>();
                    for (Object message : (List<?>) answer.get(3)) {
                        publications.add(publication(topic, (byte[]) message));
                    }
                    return new History(
                            position(answer.get(0), answer.get(1)), Long.parseLong(text(answer.get(2))), publications);
                });
    }

    CompletionStage<Void> moveCursors(
            StatefulRedisConnection<String, byte[]> connection, Map<Topic, Position> furthest) {
        List<Topic> topics = List.copyOf(furthest.keySet());
        return inPieces(topics, piece -> {
                    byte[][] arguments = new byte[2 * piece.size()][];
                    for (int i = 0; i < piece.size(); i++) {
                        Position position = Objects.requireNonNull(furthest.get(piece.get(i)));
                        arguments[2 * i] = position.epoch().getBytes(ISO_8859_1);
                        arguments[2 * i + 1] = ascii(position.offset());
                    }
                    return CURSORS.call(connection, metas(piece), arguments);
                })
                .thenApply(_ -> null);
    }

    CompletionStage<Map<Topic, Position>> tops(
            StatefulRedisConnection<String, byte[]> connection, Collection<Topic> topics) {
        Map<Topic, Position> found = new ConcurrentHashMap<>();
        return inPieces(
                        List.copyOf(topics),
                        piece -> TOPS.call(connection, metas(piece)).thenAccept(answer -> {
                            for (int i = 0; i < piece.size(); i++) {
                                if (!text(answer.get(2 * i)).isEmpty()) {
                                    found.put(piece.get(i), position(answer.get(2 * i), answer.get(2 * i + 1)));
                                }
                            }
                        }))
                .thenApply(_ -> found);
    }

    private static CompletionStage<Void> inPieces(List<Topic> topics, Function<List<Topic>, CompletionStage<?>> call) {
        List<CompletableFuture<?>> calls = new ArrayList<>();
        for (int from = 0; from < topics.size(); from += TOPICS_AT_ONCE) {
            List<Topic> piece = topics.subList(from, Math.min(from + TOPICS_AT_ONCE, topics.size()));
            calls.add(call.apply(piece).toCompletableFuture());
        }
        return CompletableFuture.allOf(calls.toArray(CompletableFuture[]::new));
    }

    private String[] metas(List<Topic> topics) {
        return topics.stream()
                .map(topic -> TopicKeys.meta(settings.keyPrefix(), topic))
                .toArray(String[]::new);
    }

    private String[] keys(Topic topic) {
        return new String[] {TopicKeys.meta(settings.keyPrefix(), topic), TopicKeys.stream(settings.keyPrefix(), topic)
        };
    }

    private static Publication publication(Topic topic, byte[] message) {
        Publication publication = Envelope.decode(topic, message);
        if (publication == null || publication.position() == null) {
            throw new IllegalStateException("the stream of %s holds what this version cannot read".formatted(topic));
        }
        return publication;
    }

    private static Position position(Object epoch, Object offset) {
        return new Position(text(epoch), Long.parseLong(text(offset)));
    }

    private static String text(Object bytes) {
        return new String((byte[]) bytes, ISO_8859_1);
    }

    private static byte[] ascii(long number) {
        return Long.toString(number).getBytes(ISO_8859_1);
    }
}
