package io.whimbrel.system.chaos;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** Says one thing to a Redis and hears its answer, so that the suite needs no client library that might be part of the fault. */
final class RedisTalk {
    private static final int TIMEOUT_MILLIS = 5_000;

    private RedisTalk() {}

    /** What it answers as text, lists one element a line. Errors of Redis are exceptions. */
    static String ask(int port, String... words) throws IOException {
        try (Socket socket = new Socket()) {
            socket.setSoTimeout(TIMEOUT_MILLIS);
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), TIMEOUT_MILLIS);
            StringBuilder command = new StringBuilder("*" + words.length + "\r\n");
            for (String word : words) {
                command.append("$%d\r\n%s\r\n".formatted(word.getBytes(UTF_8).length, word));
            }
            socket.getOutputStream().write(command.toString().getBytes(UTF_8));
            return read(new BufferedInputStream(socket.getInputStream()));
        }
    }

    /** A field of INFO, empty where there is none. */
    static String info(int port, String section, String field) throws IOException {
        return ask(port, "INFO", section)
                .lines()
                .filter(line -> line.startsWith(field + ':'))
                .map(line -> line.substring(field.length() + 1).strip())
                .findFirst()
                .orElse("");
    }

    private static String read(InputStream in) throws IOException {
        String line = line(in);
        String rest = line.substring(1);
        return switch (line.charAt(0)) {
            case '+', ':' -> rest;
            case '-' -> throw new IOException("Redis says " + rest);
            case '$' -> {
                int length = Integer.parseInt(rest);
                if (length < 0) {
                    yield "";
                }
                String text = new String(in.readNBytes(length), UTF_8);
                line(in);
                yield text;
            }
            case '*' -> {
                List<String> elements = new ArrayList<>();
                for (int i = Integer.parseInt(rest); i > 0; i--) {
                    elements.add(read(in));
                }
                yield elements.stream().collect(Collectors.joining("\n"));
            }
            default -> throw new IOException("no answer of Redis: " + line);
        };
    }

    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c; (c = in.read()) != '\n'; ) {
            if (c < 0) {
                throw new IOException("Redis hung up");
            }
            line.append((char) c);
        }
        return line.toString().strip();
    }
}
