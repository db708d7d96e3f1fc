package io.whimbrel.gateway;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.whimbrel.model.PublicationId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/**
 * One record of the original system: {@code {"uuid_remote":…,"uuid_local":…,"message":…}}, which any program can publish
 * with one Redis command.
 *
 * @param recipient an address or a token
 * @param sender an address or a token; empty where the record has none
 * @param message the bytes of a JSON value
 * @param id what the record calls itself; empty where it does not
 * @param own whether one of our own web servers sent it, for gateways of the original beside ours
 */
record PlainRecord(String recipient, String sender, byte[] message, String id, boolean own) {
    /** The member by which our web servers mark what our gateways have received already. */
    static final String MARKER = "whimbrel";

    private static final JsonFactory JSON = new JsonFactory();

    /** Reads a record; empty for anything that is none. */
    static Optional<PlainRecord> read(byte[] bytes) {
        if (!isUtf8(bytes) || bytes.length == 0 || bytes[0] != '{') {
            return Optional.empty();
        }
        try (JsonParser parser = JSON.createParser(bytes)) {
            return read(parser, bytes);
        } catch (IOException _) {
            return Optional.empty();
        }
    }

    /** The same under an id that serves: its own, else one from the record's bytes, so that all gateways agree. */
    PlainRecord named(byte[] record) {
        return PublicationId.isValid(id)
                ? this
                : new PlainRecord(recipient, sender, message, PublicationId.ofBytes(record), own);
    }

    private static Optional<PlainRecord> read(JsonParser parser, byte[] bytes) throws IOException {
        String recipient = "";
        String sender = "";
        String id = "";
        boolean own = false;
        byte[] message = {};
        parser.nextToken();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            JsonToken value = parser.nextToken();
            switch (name) {
                case "uuid_remote" -> recipient = text(parser, value);
                case "uuid_local" -> sender = text(parser, value);
                case "id" -> id = text(parser, value);
                case MARKER -> own = true;
                case "message" -> {
                    int start = (int) parser.currentTokenLocation().getByteOffset();
                    parser.skipChildren();
                    parser.finishToken();
                    message = Arrays.copyOfRange(
                            bytes, start, (int) parser.currentLocation().getByteOffset());
                }
                default -> {}
            }
            parser.skipChildren();
        }
        boolean complete = parser.currentToken() == JsonToken.END_OBJECT && parser.nextToken() == null;
        return complete && !recipient.isEmpty() && message.length > 0
                ? Optional.of(new PlainRecord(recipient, sender, message, id, own))
                : Optional.empty();
    }

    private static String text(JsonParser parser, JsonToken value) throws IOException {
        return value == JsonToken.VALUE_STRING || value == JsonToken.VALUE_NUMBER_INT ? parser.getText() : "";
    }

    private static boolean isUtf8(byte[] bytes) {
        try {
            var _ = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
            return true;
        } catch (CharacterCodingException _) {
            return false;
        }
    }
}
