package io.whimbrel.web;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The body of {@code POST /publish}, read but not yet believed. Pure functions; whatever is wrong with the bytes ends in
 * a {@link Refusal} whose detail holds nothing of them.
 *
 * @param uuidRemote the recipient as the publisher gave it
 * @param topic to whose subscribers the publisher sends instead of a recipient
 * @param uuidLocal the sender as the publisher gave it, which may be a secret
 * @param idempotencyKey the same for each attempt to send the same publication
 * @param wishes what the publisher wants to know of the message's way
 * @param message a JSON value, the very bytes of the request
 */
@SuppressWarnings("ArrayRecordComponent") // lives for one request and is never compared
record PublishRequest(
        @Nullable String uuidRemote,
        @Nullable String topic,
        @Nullable String uuidLocal,
        @Nullable String idempotencyKey,
        Wishes wishes,
        byte[] message) {
    /** Objects and arrays inside each other, the body itself included; deeper ones would burden every receiver's parser. */
    static final int MAX_DEPTH = 256;

    private static final String REMOTE = "uuid_remote";
    private static final String TOPIC = "topic";
    private static final String LOCAL = "uuid_local";
    private static final String KEY = "idempotency_key";
    private static final String RECEIPT = "receipt";
    private static final String TIMEOUT = "timeout";
    private static final String TRACE = "trace";
    private static final String MESSAGE = "message";

    private static final Pattern SECONDS = Pattern.compile("[0-9]{1,9}(\\.[0-9]{1,9})?");

    private static final JsonFactory JSON = new JsonFactoryBuilder()
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES) // names come from strangers and would stay for ever
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(MAX_DEPTH)
                    // The body's size is limited already, and numbers are passed on as text, never computed.
                    .maxNumberLength(Integer.MAX_VALUE)
                    .maxNameLength(Integer.MAX_VALUE)
                    .maxStringLength(Integer.MAX_VALUE)
                    .build())
            .build();

    static PublishRequest read(BodyFormat format, byte[] body) {
        return switch (format) {
            case JSON -> ofJson(body);
            case FORM -> ofForm(body);
        };
    }

    /** With the key of the request's header, which must not contradict that of the body. */
    PublishRequest withKey(@Nullable String header) {
        if (header == null) {
            return this;
        }
        if (idempotencyKey != null && !idempotencyKey.equals(header)) {
            throw malformed("The header Idempotency-Key and " + KEY + " name two keys");
        }
        return new PublishRequest(uuidRemote, topic, uuidLocal, header, wishes, message);
    }

    /** Names the request without its content, which is secret or private. */
    @Override
    public String toString() {
        return "PublishRequest[%d bytes]".formatted(message.length);
    }

    private static PublishRequest ofJson(byte[] body) {
        requireText(body);
        try (JsonParser parser = JSON.createParser(body)) {
            return readObject(parser, body);
        } catch (JsonProcessingException e) {
            // Its message may quote the body, so only the place is passed on.
            long place = e.getLocation() == null ? -1 : e.getLocation().getByteOffset();
            throw malformed(place < 0 ? "The body is not valid JSON" : "The body is not valid JSON at byte " + place);
        } catch (IOException e) {
            throw new UncheckedIOException("reading from memory cannot fail", e);
        }
    }

    /** Without NUL and byte order mark the parser has no reason to guess at UTF-16 or UTF-32. */
    private static void requireText(byte[] body) {
        if (!Utf8.isValid(body)) {
            throw malformed("The body is not valid UTF-8");
        }
        for (byte b : body) {
            if (b == 0) {
                throw malformed("The body is not valid JSON: it holds a NUL byte");
            }
        }
        if (body.length > 0 && body[0] == (byte) 0xEF) { // U+FEFF, or a character no JSON begins with
            throw malformed("The body is not valid JSON: it begins with a byte order mark");
        }
    }

    private static PublishRequest readObject(JsonParser parser, byte[] body) throws IOException {
        if (parser.nextToken() != JsonToken.START_OBJECT) {
            throw malformed("The body is not a JSON object");
        }
        Fields fields = new Fields();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            JsonToken value = parser.nextToken();
            switch (name) {
                case REMOTE -> fields.remote(textOrNull(parser, value, REMOTE));
                case TOPIC -> fields.topic(textOrNull(parser, value, TOPIC));
                case LOCAL -> fields.local(textOrNull(parser, value, LOCAL));
                case KEY -> fields.key(textOrNull(parser, value, KEY));
                case RECEIPT -> fields.receipt(textOrNull(parser, value, RECEIPT));
                case TIMEOUT -> fields.timeout(numberOrNull(parser, value, TIMEOUT));
                case TRACE -> fields.trace(switchOrNull(parser, value, TRACE));
                case MESSAGE -> fields.message(slice(parser, body));
                default -> parser.skipChildren();
            }
        }
        if (parser.nextToken() != null) {
            throw malformed("Something follows the JSON object");
        }
        return fields.request();
    }

    private static @Nullable String textOrNull(JsonParser parser, JsonToken value, String name) throws IOException {
        return switch (value) {
            case VALUE_STRING -> parser.getText();
            case VALUE_NULL -> null;
            default -> throw malformed(name + " must be a string");
        };
    }

    private static @Nullable String switchOrNull(JsonParser parser, JsonToken value, String name) throws IOException {
        return switch (value) {
            case VALUE_TRUE, VALUE_FALSE -> parser.getText();
            case VALUE_NULL -> null;
            default -> throw malformed(name + " must be true or false");
        };
    }

    /** As it was written. */
    private static @Nullable String numberOrNull(JsonParser parser, JsonToken value, String name) throws IOException {
        return switch (value) {
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> parser.getText();
            case VALUE_NULL -> null;
            default -> throw malformed(name + " must be a number");
        };
    }

    /** The bytes of the value the parser stands at, cut out of the body. */
    private static byte[] slice(JsonParser parser, byte[] body) throws IOException {
        long from = parser.currentTokenLocation().getByteOffset();
        parser.skipChildren();
        parser.finishToken(); // a string is read no further than its first quote until somebody asks
        long to = parser.currentLocation().getByteOffset();
        return Arrays.copyOfRange(body, (int) from, (int) to);
    }

    private static PublishRequest ofForm(byte[] body) {
        Fields fields = new Fields();
        int from = 0;
        while (from < body.length) {
            int to = indexOf(body, '&', from, body.length);
            int equals = indexOf(body, '=', from, to);
            String name = new String(decoded(body, from, equals), StandardCharsets.UTF_8);
            byte[] value = decoded(body, Math.min(equals + 1, to), to);
            switch (name) {
                case REMOTE -> fields.remote(new String(value, StandardCharsets.UTF_8));
                case TOPIC -> fields.topic(new String(value, StandardCharsets.UTF_8));
                case LOCAL -> fields.local(new String(value, StandardCharsets.UTF_8));
                case KEY -> fields.key(new String(value, StandardCharsets.UTF_8));
                case RECEIPT -> fields.receipt(new String(value, StandardCharsets.UTF_8));
                case TIMEOUT -> fields.timeout(new String(value, StandardCharsets.UTF_8));
                case TRACE -> fields.trace(new String(value, StandardCharsets.UTF_8));
                case MESSAGE -> fields.message(JsonText.quote(value));
                default -> {} // decoded all the same: a form is either well-formed or not
            }
            from = to + 1;
        }
        return fields.request();
    }

    private static byte[] decoded(byte[] body, int from, int to) {
        return PercentCoding.decodeForm(body, from, to)
                .orElseThrow(() -> malformed("The form is not percent-coded UTF-8"));
    }

    /** The first place of this byte, or the end where there is none. */
    private static int indexOf(byte[] body, char wanted, int from, int to) {
        for (int i = from; i < to; i++) {
            if (body[i] == wanted) {
                return i;
            }
        }
        return to;
    }

    private static Refusal malformed(String detail) {
        return new Refusal(Problem.malformed(detail));
    }

    /** The fields while they are collected; each may come once. */
    private static final class Fields {
        private @Nullable String remote;
        private @Nullable String topic;
        private @Nullable String local;
        private @Nullable String key;
        private byte @Nullable [] message;
        private boolean remoteSeen;
        private boolean topicSeen;
        private boolean localSeen;
        private boolean keySeen;
        private Wishes.@Nullable Level receipt;
        private boolean receiptSeen;
        private long timeoutMillis = Wishes.DEFAULT_TIMEOUT_MILLIS;
        private boolean timeoutSeen;
        private boolean trace;
        private boolean traceSeen;

        void remote(@Nullable String value) {
            requireFirst(!remoteSeen, REMOTE);
            remoteSeen = true;
            remote = value;
        }

        void topic(@Nullable String value) {
            requireFirst(!topicSeen, TOPIC);
            topicSeen = true;
            topic = value;
        }

        void local(@Nullable String value) {
            requireFirst(!localSeen, LOCAL);
            localSeen = true;
            local = value;
        }

        void key(@Nullable String value) {
            requireFirst(!keySeen, KEY);
            keySeen = true;
            key = value == null ? null : IdempotencyKeyHeader.requireKey(value);
        }

        void receipt(@Nullable String value) {
            requireFirst(!receiptSeen, RECEIPT);
            receiptSeen = true;
            receipt = switch (value) {
                case null -> null;
                case "written" -> Wishes.Level.WRITTEN;
                case "acked" -> Wishes.Level.ACKED;
                default -> throw malformed(RECEIPT + " must be \"written\" or \"acked\"");
            };
        }

        /** @param seconds a decimal number, if it is right */
        void timeout(@Nullable String seconds) {
            requireFirst(!timeoutSeen, TIMEOUT);
            timeoutSeen = true;
            if (seconds == null) {
                return;
            }
            // Few digits and no exponent, so that nothing has to be computed that somebody made large.
            if (!SECONDS.matcher(seconds).matches()) {
                throw wrongTimeout();
            }
            timeoutMillis = Math.round(Double.parseDouble(seconds) * 1000);
            if (timeoutMillis > Wishes.LONGEST_TIMEOUT_MILLIS) {
                throw wrongTimeout();
            }
        }

        private static Refusal wrongTimeout() {
            return malformed(
                    TIMEOUT + " must be a number of seconds from 0 to " + Wishes.LONGEST_TIMEOUT_MILLIS / 1000);
        }

        void trace(@Nullable String value) {
            requireFirst(!traceSeen, TRACE);
            traceSeen = true;
            trace = switch (value) {
                case null -> false;
                case "true" -> true;
                case "false" -> false;
                default -> throw malformed(TRACE + " must be true or false");
            };
        }

        void message(byte[] value) {
            requireFirst(message == null, MESSAGE);
            message = value;
        }

        PublishRequest request() {
            if (message == null) {
                throw malformed(MESSAGE + " is missing");
            }
            return new PublishRequest(remote, topic, local, key, new Wishes(receipt, timeoutMillis, trace), message);
        }

        private static void requireFirst(boolean first, String name) {
            if (!first) {
                throw malformed(name + " is given twice");
            }
        }
    }
}
