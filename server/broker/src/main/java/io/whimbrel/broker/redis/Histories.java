package io.whimbrel.broker.redis;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.lettuce.core.api.StatefulRedisConnection;
import io.whimbrel.broker.History;
import io.whimbrel.broker.Published;
import io.whimbrel.broker.Retention;
import io.whimbrel.model.Position;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import java.time.Duration;
import java.util.ArrayList;
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
        Topic topic = publication.topic();
        Retention retention = settings.history().of(topic);
        return PUBLISH.call(
                        connection,
                        keys(topic),
                        TopicKeys.channel(settings.keyPrefix(), topic)
                                .getBytes(java.nio.charset.StandardCharsets.UTF_8),
                        Envelope.header(publication),
                        publication.payload(),
                        ascii(retention.publications()),
                        ascii(retention.time().toMillis()),
                        Position.newEpoch().getBytes(ISO_8859_1),
                        META_MILLIS)
                .thenApply(answer ->
                        new Published(Math.toIntExact((Long) answer.get(0)), position(answer.get(2), answer.get(1))));
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
