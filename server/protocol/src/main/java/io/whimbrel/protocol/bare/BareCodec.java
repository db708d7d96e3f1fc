package io.whimbrel.protocol.bare;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import io.whimbrel.model.Address;
import io.whimbrel.model.Position;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import io.whimbrel.protocol.ByteSink;
import io.whimbrel.protocol.Codec;
import io.whimbrel.protocol.Command;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * {@code {"message":…,"id":"…","from":"…","time":…,"topic":"…","offset":…,"epoch":"…"}}. The message is the payload byte for
 * byte and stands first, as in the original system, whose clients read nothing else; {@code from} is left out where nobody is
 * named, {@code topic} for what was sent to the client's own address, and {@code offset} and {@code epoch} where nothing is
 * kept. What could not be kept for a client is told to it with {@code {"recovered":false,"offset":…,"epoch":"…"}}.
 *
 * <p>A client says {@code {"ack":<offset>}} and nothing else; other members are skipped, so that they can get a meaning.
 */
public final class BareCodec implements Codec {
    private static final String MESSAGE_TEXT = "{\"message\":";
    private static final byte[] MESSAGE = MESSAGE_TEXT.getBytes(US_ASCII);
    private static final String ID = ",\"id\":\"";
    private static final String FROM = "\",\"from\":\"";
    private static final String TIME = "\",\"time\":";
    private static final String TOPIC = ",\"topic\":\"";
    private static final String TOPIC_END = "\"";
    private static final String OFFSET = ",\"offset\":";
    private static final String EPOCH = ",\"epoch\":\"";
    private static final String EPOCH_END = "\"";
    private static final String END = "}";
    private static final int ADDRESS_LENGTH = 36;

    private static final String ACK = "ack";
    private static final int MAX_COMMAND_BYTES = 1024;
    private static final int MAX_DEPTH = 8;
    private static final JsonFactory JSON = new JsonFactoryBuilder()
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES) // names come from strangers and would stay for ever
            .streamReadConstraints(
                    StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).build())
            .build();

    @Override
    public int encodedLength(Publication publication) {
        int from = publication.from() == null ? 0 : FROM.length() + ADDRESS_LENGTH;
        return MESSAGE.length
                + publication.payload().length
                + ID.length()
                + publication.id().length()
                + from
                + TIME.length()
                + decimalDigits(publication.timeMillis())
                + topicLength(publication.topic())
                + positionLength(publication.position())
                + END.length();
    }

    @Override
    public void encode(Publication publication, ByteSink sink) {
        sink.put(MESSAGE);
        sink.put(publication.payload());
        sink.putAscii(ID);
        sink.putAscii(publication.id());
        Address from = publication.from();
        if (from != null) {
            sink.putAscii(FROM);
            sink.putAscii(from.toString());
        }
        sink.putAscii(TIME);
        sink.putAscii(Long.toString(publication.timeMillis()));
        putTopic(publication.topic(), sink);
        Position position = publication.position();
        if (position != null) {
            sink.putAscii(OFFSET);
            sink.putAscii(Long.toString(position.offset()));
            sink.putAscii(EPOCH);
            sink.putAscii(position.epoch());
            sink.putAscii(EPOCH_END);
        }
        sink.putAscii(END);
    }

    @Override
    public byte[] notRecovered(Position from) {
        return "{\"recovered\":false,\"offset\":%d,\"epoch\":\"%s\"}"
                .formatted(from.offset(), from.epoch())
                .getBytes(US_ASCII);
    }

    @Override
    public int maxCommandBytes() {
        return MAX_COMMAND_BYTES;
    }

    @Override
    public Command decode(byte[] message) {
        try (JsonParser parser = JSON.createParser(message)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return new Command.Unknown();
            }
            Command command = new Command.Unknown();
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                boolean ack = parser.currentName().equals(ACK);
                if (parser.nextToken() == JsonToken.VALUE_NUMBER_INT && ack) {
                    command = ackOf(parser.getLongValue());
                }
                parser.skipChildren();
            }
            return parser.nextToken() == null ? command : new Command.Unknown();
        } catch (IOException _) {
            return new Command.Unknown(); // not JSON, or a number no offset can be: nothing that could be answered
        }
    }

    private static Command ackOf(long offset) {
        return offset < 0 ? new Command.Unknown() : new Command.Ack(offset);
    }

    private static int positionLength(@Nullable Position position) {
        if (position == null) {
            return 0;
        }
        return OFFSET.length()
                + decimalDigits(position.offset())
                + EPOCH.length()
                + position.epoch().length()
                + EPOCH_END.length();
    }

    private static int topicLength(Topic topic) {
        if (topic.isReserved()) {
            return 0;
        }
        return TOPIC.length() + quotableLength(topic.name()) + TOPIC_END.length();
    }

    private static void putTopic(Topic topic, ByteSink sink) {
        if (topic.isReserved()) {
            return;
        }
        String name = topic.name();
        sink.putAscii(TOPIC);
        if (quotableLength(name) == name.length()) {
            sink.putAscii(name);
        } else { // rare enough to be made anew each time
            sink.put(name.replace("\\", "\\\\").replace("\"", "\\\"").getBytes(UTF_8));
        }
        sink.putAscii(TOPIC_END);
    }

    /** The bytes a name takes inside quotes; as many as it has characters where all are ASCII that needs no escape. */
    private static int quotableLength(String name) {
        int length = name.length();
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (c == '"' || c == '\\') {
                length++;
            } else if (c >= 0x800 && !Character.isSurrogate(c)) {
                length += 2;
            } else if (c >= 0x80) {
                length++; // also for each half of a pair, which takes four bytes
            }
        }
        return length;
    }

    private static int decimalDigits(long value) {
        int digits = value < 0 ? 2 : 1;
        for (long rest = value / 10; rest != 0; rest /= 10) {
            digits++;
        }
        return digits;
    }
}
