package io.whimbrel.broker.redis;

import io.whimbrel.model.Address;
import io.whimbrel.model.Position;
import io.whimbrel.model.Publication;
import io.whimbrel.model.PublicationId;
import io.whimbrel.model.Topic;
import io.whimbrel.model.Tracking;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A publication as it travels through Redis: a line of ASCII, then the payload as it is.
 *
 * <pre>1 &lt;id&gt; &lt;milliseconds since 1970&gt; &lt;sender's address, or -&gt;[ &lt;name&gt;=&lt;value&gt;]…[ &lt;offset&gt; &lt;epoch&gt;]\n&lt;payload&gt;</pre>
 *
 * The names say what is to be told of its way: {@code r}, the asker of a receipt or nothing, {@code t} that it is traced, and
 * {@code p} its W3C {@code traceparent}.
 *
 * A later version may add fields at the end of the line, which this one skips; another first field is another form.
 */
final class Envelope {
    private static final String VERSION = "1 ";
    private static final String NOBODY = "-";
    private static final String RECEIPT = " r=";
    private static final String TRACED = " t=";
    private static final String TRACE_PARENT = " p=";
    /** Long enough for ours and for whatever a later version adds; what is longer is not an envelope. */
    static final int LONGEST_HEADER_BYTES = 1024;

    private static final int MOST_DIGITS = 18;

    private Envelope() {}

    /** Of a publication without a position. */
    static byte[] encode(Publication publication) {
        byte[] header = header(publication);
        byte[] payload = publication.payload();
        byte[] message = Arrays.copyOf(header, header.length + 1 + payload.length);
        message[header.length] = '\n';
        System.arraycopy(payload, 0, message, header.length + 1, payload.length);
        return message;
    }

    /** The line without its end, and without a position. */
    static byte[] header(Publication publication) {
        Address from = publication.from();
        String header = VERSION
                + publication.id()
                + ' '
                + publication.timeMillis()
                + ' '
                + (from == null ? NOBODY : from.toString())
                + tracking(publication.tracking());
        return header.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** Null for what this version cannot read. */
    static @Nullable Publication decode(Topic topic, byte[] message) {
        int end = endOfHeader(message);
        if (end < 0) {
            return null;
        }
        String header = new String(message, 0, end, StandardCharsets.ISO_8859_1);
        int idEnd = header.indexOf(' ', VERSION.length());
        int timeEnd = idEnd < 0 ? -1 : header.indexOf(' ', idEnd + 1);
        if (timeEnd < 0 || !header.startsWith(VERSION)) {
            return null;
        }
        int next = header.indexOf(' ', timeEnd + 1);
        String id = header.substring(VERSION.length(), idEnd);
        long timeMillis = digits(header, idEnd + 1, timeEnd);
        String sender = header.substring(timeEnd + 1, next < 0 ? end : next);
        Optional<Address> from = sender.equals(NOBODY) ? Optional.empty() : Address.parse(sender);
        if (timeMillis < 0 || !PublicationId.isValid(id) || (from.isEmpty() && !sender.equals(NOBODY))) {
            return null;
        }
        byte[] payload = Arrays.copyOfRange(message, end + 1, message.length);
        Publication plain = new Publication(id, topic, timeMillis, from.orElse(null), payload);
        return next < 0 ? plain : withMore(plain, header, next + 1);
    }

    private static Publication withMore(Publication publication, String header, int start) {
        int from = start;
        Tracking tracking = null;
        for (int equals; (equals = endOfName(header, from)) > 0; ) {
            int end = header.indexOf(' ', equals);
            String value = header.substring(equals + 1, end < 0 ? header.length() : end);
            tracking = tracking(tracking, header.substring(from, equals), value);
            from = end < 0 ? header.length() : end + 1;
        }
        Position position = position(header, from);
        return new Publication(
                publication.id(),
                publication.topic(),
                publication.timeMillis(),
                publication.from(),
                publication.payload(),
                position,
                tracking);
    }

    /** The place of the equals sign of a named field that begins there; -1 where none does. */
    private static int endOfName(String header, int from) {
        int equals = header.indexOf('=', from);
        int space = header.indexOf(' ', from);
        return equals >= 0 && (space < 0 || equals < space) ? equals : -1;
    }

    private static String tracking(@Nullable Tracking wanted) {
        if (wanted == null) {
            return "";
        }
        return (wanted.receipt() ? RECEIPT + (wanted.asker() == null ? "" : wanted.asker()) : "")
                + (wanted.traced() ? TRACED + "1" : "")
                + (wanted.traceParent() == null ? "" : TRACE_PARENT + wanted.traceParent());
    }

    private static @Nullable Tracking tracking(@Nullable Tracking known, String name, String value) {
        Tracking so = known == null ? new Tracking(false, null, false, null) : known;
        return switch (' ' + name + '=') {
            case RECEIPT -> new Tracking(true, value.isEmpty() ? null : value, so.traced(), so.traceParent());
            case TRACED -> new Tracking(so.receipt(), so.asker(), true, so.traceParent());
            case TRACE_PARENT -> new Tracking(so.receipt(), so.asker(), so.traced(), value);
            default -> known;
        };
    }

    /** Null where none is written. */
    private static @Nullable Position position(String header, int from) {
        int offsetEnd = header.indexOf(' ', from);
        if (offsetEnd < 0) {
            return null;
        }
        int next = header.indexOf(' ', offsetEnd + 1);
        long offset = digits(header, from, offsetEnd);
        String epoch = header.substring(offsetEnd + 1, next < 0 ? header.length() : next);
        return offset < 0 || !Position.isEpoch(epoch) ? null : new Position(epoch, offset);
    }

    private static int endOfHeader(byte[] message) {
        int limit = Math.min(message.length, LONGEST_HEADER_BYTES);
        for (int i = 0; i < limit; i++) {
            if (message[i] == '\n') {
                return i;
            }
        }
        return -1;
    }

    /** The number written there, -1 for anything but 1 to 18 digits. */
    private static long digits(String text, int from, int to) {
        if (to == from || to - from > MOST_DIGITS) {
            return -1;
        }
        long value = 0;
        for (int i = from; i < to; i++) {
            char c = text.charAt(i);
            if (c < '0' || c > '9') {
                return -1;
            }
            value = 10 * value + (c - '0');
        }
        return value;
    }
}
