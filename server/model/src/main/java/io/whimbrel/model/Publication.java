package io.whimbrel.model;

import org.jspecify.annotations.Nullable;

/**
 * One message in a topic. The payload is a JSON value in UTF-8, byte for byte as its sender wrote it; it is shared
 * between threads and must not be changed.
 *
 * @param id names the message for receipts and logs, see {@link PublicationId}
 * @param timeMillis the web server's clock when it accepted the message, milliseconds since 1970
 * @param from the sender's address; null where the sender is a backend that named none
 * @param position given by the broker; null before that, and in a topic that keeps nothing
 * @param tracking what is to be told of its way; null for nothing
 */
public record Publication(
        String id,
        Topic topic,
        long timeMillis,
        @Nullable Address from,
        byte[] payload,
        @Nullable Position position,
        @Nullable Tracking tracking) {
    /** One that has no position, and of which nothing is to be told. */
    public Publication(String id, Topic topic, long timeMillis, @Nullable Address from, byte[] payload) {
        this(id, topic, timeMillis, from, payload, null, null);
    }

    public Publication {
        if (!PublicationId.isValid(id)) {
            throw new IllegalArgumentException("not a publication id: " + id);
        }
    }

    public Publication at(Position place) {
        return new Publication(id, topic, timeMillis, from, payload, place, tracking);
    }

    public Publication tracked(@Nullable Tracking wanted) {
        return new Publication(id, topic, timeMillis, from, payload, position, wanted);
    }

    /** Names the message without its payload, which is never logged. */
    @Override
    public String toString() {
        return "Publication[%s in %s, %d bytes]".formatted(id, topic, payload.length);
    }
}
