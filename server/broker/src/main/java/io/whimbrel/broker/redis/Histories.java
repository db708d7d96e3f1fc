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
import java.util.List;
import java.util.concurrent.CompletionStage;

/** Publications that are kept, in Redis. Each call is one script, so that nothing comes in between. Safe for any thread. */
final class Histories {
    /** For how long a topic's offsets go on after it was last used; then a new epoch begins. */
    static final Duration META_TIME = Duration.ofDays(30);

    private static final byte[] META_MILLIS = ascii(META_TIME.toMillis());
    private static final Script PUBLISH = Script.named("publish");
    private static final Script HISTORY = Script.named("history");

    private final RedisSettings settings;

    Histories(RedisSettings settings) {
        this.settings = settings;
    }

    /** To be done with a new connection before it is used: a script that has to be sent may be overtaken by the next. */
    CompletionStage<Void> prepare(StatefulRedisConnection<String, byte[]> connection) {
        return PUBLISH.load(connection).thenCombine(HISTORY.load(connection), (_, _) -> null);
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
        return HISTORY.call(
                        connection,
                        keys(topic),
                        ascii(after),
                        ascii(limit),
                        Position.newEpoch().getBytes(ISO_8859_1),
                        META_MILLIS)
                .thenApply(answer -> {
                    List<Publication> publications = new ArrayList<>();
                    for (Object message : (List<?>) answer.get(2)) {
                        publications.add(publication(topic, (byte[]) message));
                    }
                    return new History(position(answer.get(0), answer.get(1)), publications);
                });
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
