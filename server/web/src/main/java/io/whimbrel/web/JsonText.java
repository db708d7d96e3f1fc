package io.whimbrel.web;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Writes JSON strings with as few escapes as RFC 8259 §7 allows. */
final class JsonText {
    private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

    private JsonText() {}

    static String quote(String text) {
        return '"' + new String(JsonStringEncoder.getInstance().quoteAsString(text)) + '"';
    }

    /** @param utf8 valid UTF-8 */
    static byte[] quote(byte[] utf8) {
        ByteArrayOutputStream json = new ByteArrayOutputStream(utf8.length + 16);
        json.write('"');
        for (byte b : utf8) {
            escape(b, json);
        }
        json.write('"');
        return json.toByteArray();
    }

    private static void escape(byte b, ByteArrayOutputStream json) {
        switch (b) {
            case '"', '\\' -> escaped(b, json);
            case '\b' -> escaped('b', json);
            case '\f' -> escaped('f', json);
            case '\n' -> escaped('n', json);
            case '\r' -> escaped('r', json);
            case '\t' -> escaped('t', json);
            default -> {
                if (b >= 0 && b < ' ') {
                    escaped('u', json);
                    json.write('0');
                    json.write('0');
                    json.write(HEX[b >> 4]);
                    json.write(HEX[b & 0xF]);
                } else {
                    json.write(b);
                }
            }
        }
    }

    private static void escaped(int letter, ByteArrayOutputStream json) {
        json.write('\\');
        json.write(letter);
    }
}
