package io.whimbrel.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/**
 * permessage-deflate (RFC 7692) without context takeover in either direction: a message is compressed once for all its
 * subscribers, and a connection needs no state. One per event loop, used on its thread only.
 */
final class Deflation implements AutoCloseable {
    /** What {@link #inflate} found. */
    enum Inflated {
        VALID,
        NOT_DEFLATE,
        TOO_BIG,
        NOT_UTF8
    }

    private static final String NAME = "permessage-deflate";
    private static final String SERVER_WINDOW = "server_max_window_bits";
    private static final Set<String> PARAMETERS =
            Set.of("server_no_context_takeover", "client_no_context_takeover", SERVER_WINDOW, "client_max_window_bits");
    private static final String ANSWER = NAME + "; server_no_context_takeover; client_no_context_takeover";

    /** What a sync flush ends with, which the sender leaves out and the receiver puts back (RFC 7692 §7.2.1). */
    private static final byte[] TAIL = {0, 0, (byte) 0xFF, (byte) 0xFF};

    private static final int FASTEST = 1;

    private final Deflater deflater = new Deflater(FASTEST, true);
    private final Inflater inflater = new Inflater(true);
    private final byte[] chunk = new byte[8192];
    /** How much of {@link #chunk} is the message inflated last; 0 where that was longer. */
    private int inflatedBytes;

    /** The extension to answer with, or an empty text when the client offered none that we can do. */
    static String negotiate(HttpHeaders request) {
        for (String header : request.getAll(HttpHeaderNames.SEC_WEBSOCKET_EXTENSIONS)) {
            for (String offer : header.split(",", -1)) {
                String answer = answerTo(List.of(offer.split(";", -1)));
                if (!answer.isEmpty()) {
                    return answer;
                }
            }
        }
        return "";
    }

    private static String answerTo(List<String> offer) {
        if (!offer.getFirst().strip().equalsIgnoreCase(NAME)) {
            return "";
        }
        String answer = ANSWER;
        Set<String> seen = new HashSet<>();
        for (String parameter : offer.subList(1, offer.size())) {
            String[] pair = parameter.strip().split("=", 2);
            String name = pair[0].strip().toLowerCase(Locale.ROOT);
            if (!PARAMETERS.contains(name) || !seen.add(name)) {
                return "";
            }
            if (name.equals(SERVER_WINDOW)) {
                // The JDK's deflater has a window of 15 bits and no other.
                if (pair.length == 1 || !pair[1].strip().replace("\"", "").equals("15")) {
                    return "";
                }
                answer += "; " + SERVER_WINDOW + "=15";
            }
        }
        return answer;
    }

    /** Appends the compressed payload of one message. */
    void deflate(byte[] payload, ByteBuf out) {
        deflater.reset();
        deflater.setInput(payload);
        int written;
        do {
            written = deflater.deflate(chunk, 0, chunk.length, Deflater.SYNC_FLUSH);
            out.writeBytes(chunk, 0, written);
        } while (written == chunk.length);
        out.writerIndex(out.writerIndex() - TAIL.length);
    }

    /** Checks a compressed message of a client; {@link #inflated} has it until the next one. */
    Inflated inflate(ByteBuf message, boolean text, int maxBytes) {
        inflater.reset();
        byte[] input = new byte[message.readableBytes() + TAIL.length];
        message.readBytes(input, 0, message.readableBytes());
        System.arraycopy(TAIL, 0, input, input.length - TAIL.length, TAIL.length);
        inflater.setInput(input);
        int total = 0;
        int utf8 = Utf8.BOUNDARY;
        inflatedBytes = 0;
        try {
            int count;
            while ((count = inflater.inflate(chunk)) > 0) {
                inflatedBytes = total == 0 ? count : 0;
                total += count;
                if (total > maxBytes) {
                    return Inflated.TOO_BIG;
                }
                utf8 = text ? Utf8.advance(utf8, io.netty.buffer.Unpooled.wrappedBuffer(chunk, 0, count)) : utf8;
                if (utf8 == Utf8.INVALID) {
                    return Inflated.NOT_UTF8;
                }
            }
        } catch (DataFormatException _) {
            return Inflated.NOT_DEFLATE;
        }
        return utf8 == Utf8.BOUNDARY ? Inflated.VALID : Inflated.NOT_UTF8;
    }

    /** The message inflated last; empty where that has more bytes than asked for. */
    byte[] inflated(int most) {
        return inflatedBytes <= most ? Arrays.copyOf(chunk, inflatedBytes) : new byte[0];
    }

    @Override
    public void close() {
        deflater.end();
        inflater.end();
    }
}
