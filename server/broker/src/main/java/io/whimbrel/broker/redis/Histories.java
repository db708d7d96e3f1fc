package io.whimbrel.broker.redis;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.whimbrel.broker.History;
import io.whimbrel.broker.IdempotencyKey;
import io.whimbrel.broker.Published;
import io.whimbrel.broker.PublishedOnce;
import io.whimbrel.broker.Retention;
import io.whimbrel.broker.Tops;
import io.whimbrel.model.Position;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Publications that are kept, in Redis. Each call is one script, so that nothing comes in between. Safe for any thread. */
final class Histories {
    private static final Logger log = LoggerFactory.getLogger(Histories.class);

    /** For how long a topic's offsets go on after it was last used; then a new epoch begins. */
    static final Duration META_TIME = Duration.ofDays(30);

    private static final byte[] META_MILLIS = ascii(META_TIME.toMillis());
    /** Says to the script that it is to begin at the cursor. */
    private static final byte[] CURSOR = {'-'};

    /** Likewise, that only the newest is wanted. */
    private static final byte[] NEWEST = {'+'};

    /** Topics that one call is about, so that Redis does not keep others waiting: about 100 µs. */
    private static final int TOPICS_AT_ONCE = 128;

    private final RedisBroker broker;
    private final RedisSettings settings;

    Histories(RedisBroker broker, RedisSettings settings) {
        this.broker = broker;
        this.settings = settings;
    }

    CompletionStage<Published> publish(Connection connection, Publication publication) {
        return connection
                .durably(Script.PUBLISH.call(connection, keys(publication.topic()), arguments(connection, publication)))
                .thenApply(Histories::published);
    }

    /** Also for topics that are not kept. */
    CompletionStage<PublishedOnce> publish(Connection connection, Publication publication, IdempotencyKey key) {
        String[] keys = Arrays.copyOf(keys(publication.topic()), 3);
        keys[2] = TopicKeys.firstAnswer(settings.keyPrefix(), publication.topic(), key);
        byte[] beginning = FirstAnswer.begin(publication, key);
        byte[] timeMillis = ascii(key.time().toMillis());
        return connection
                .durably(Script.PUBLISH.call(
                        connection, keys, arguments(connection, publication, beginning, timeMillis)))
                .thenApply(answer -> answer.getFirst() instanceof byte[] remembered
                        ? FirstAnswer.toRepetition(remembered, key)
                        : new PublishedOnce.First(published(answer)));
    }

    private byte[][] arguments(Connection connection, Publication publication, byte[]... more) {
        Topic topic = publication.topic();
        Retention retention = settings.history().of(topic);
        byte[][] arguments = {
            TopicKeys.channel(settings.keyPrefix(), topic).getBytes(UTF_8),
            Envelope.header(publication),
            publication.payload(),
            ascii(retention.publications()),
            ascii(retention.time().toMillis()),
            Position.newEpoch().getBytes(ISO_8859_1),
            META_MILLIS,
            connection.term()
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

    CompletionStage<History> read(Connection connection, Topic topic, long after, int limit) {
        return read(connection, topic, ascii(after), limit);
    }

    CompletionStage<History> readLatest(Connection connection, Topic topic) {
        return read(connection, topic, NEWEST, 1);
    }

    CompletionStage<History> readFromCursor(Connection connection, Topic topic, int limit) {
        return read(connection, topic, CURSOR, limit);
    }

    private CompletionStage<History> read(Connection connection, Topic topic, byte[] after, int limit) {
        return Script.HISTORY
                .call(
                        connection,
                        keys(topic),
                        after,
                        ascii(limit),
                        Position.newEpoch().getBytes(ISO_8859_1),
                        META_MILLIS,
                        connection.term())
                .thenApply(answer -> {
                    Position top = position(answer.get(0), answer.get(1));
                    List<Publication> publications = new ArrayList<>();
                    for (Object message : (List<?>) answer.get(3)) {
                        publications.add(publication(topic, (byte[]) message, top));
                    }
                    return new History(
                            top, Long.parseLong(text(answer.get(2))), publications, endings(text(answer.get(4))));
                });
    }

    /** {@code <epoch> <last offset> <1 or 0>}, and so on. */
    private static List<History.Ending> endings(String text) {
        if (text.isEmpty()) {
            return List.of();
        }
        String[] words = text.split(" ", -1);
        List<History.Ending> endings = new ArrayList<>();
        for (int i = 0; i + 2 < words.length; i += 3) {
            endings.add(
                    new History.Ending(new Position(words[i], Long.parseLong(words[i + 1])), words[i + 2].equals("1")));
        }
        return endings;
    }

    CompletionStage<Void> moveCursors(Map<Topic, Position> furthest) {
        return inPieces(furthest.keySet(), "moving cursors", (connection, piece) -> {
            byte[][] arguments = new byte[2 * piece.size()][];
            for (int i = 0; i < piece.size(); i++) {
                Position position = Objects.requireNonNull(furthest.get(piece.get(i)));
                arguments[2 * i] = position.epoch().getBytes(ISO_8859_1);
                arguments[2 * i + 1] = ascii(position.offset());
            }
            return Script.CURSORS.call(connection, metas(piece), arguments);
        });
    }

    CompletionStage<Tops> tops(Collection<Topic> topics) {
        Map<Topic, Position> positions = new ConcurrentHashMap<>();
        Set<Topic> unread = ConcurrentHashMap.newKeySet();
        unread.addAll(topics);
        return inPieces(
                        topics,
                        "looking at topics",
                        (connection, piece) -> Script.TOPS
                                .call(connection, metas(piece))
                                .thenAccept(answer -> {
                                    positions.putAll(tops(piece, answer));
                                    piece.forEach(unread::remove);
                                }))
                .handle((_, failure) -> {
                    if (failure != null) {
                        log.debug("{} of {} topics could not be looked at", unread.size(), topics.size(), failure);
                    }
                    return new Tops(positions, unread);
                });
    }

    private static Map<Topic, Position> tops(List<Topic> topics, List<Object> answer) {
        Map<Topic, Position> tops = new HashMap<>();
        for (int i = 0; i < topics.size(); i++) {
            if (!text(answer.get(2 * i)).isEmpty()) {
                tops.put(topics.get(i), position(answer.get(2 * i), answer.get(2 * i + 1)));
            }
        }
        return tops;
    }

    private CompletionStage<Void> inPieces(
            Collection<Topic> topics,
            String doing,
            BiFunction<Connection, List<Topic>, ? extends CompletionStage<?>> call) {
        return broker.errands()
                .runInPieces(topics, topic -> TopicKeys.meta(settings.keyPrefix(), topic), TOPICS_AT_ONCE, doing, call);
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

    /** What was published in an earlier epoch is told in the one that goes on with its offsets. */
    private static Publication publication(Topic topic, byte[] message, Position top) {
        Publication publication = Envelope.decode(topic, message);
        Position position = publication == null ? null : publication.position();
        if (publication == null || position == null) {
            throw new IllegalStateException("the stream of %s holds what this version cannot read".formatted(topic));
        }
        return position.epoch().equals(top.epoch()) ? publication : publication.at(top.at(position.offset()));
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
