package io.whimbrel.broker.redis;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * As much of Redis as a broker that listens wants to see (RESP2), so that what comes out of it is bounded by the reader
 * and by nothing else. One virtual thread per connection; {@link #send} is for one thread.
 */
final class StandInRedis implements AutoCloseable {
    private static final int MAX_ARGUMENTS = 1_024;
    private static final int MAX_ARGUMENT_BYTES = 1024 * 1024;

    private static final int BACKLOG = 16;

    private final ServerSocket listener;
    private final CountDownLatch subscribed = new CountDownLatch(1);
    private volatile @Nullable OutputStream subscriber;

    StandInRedis() {
        try {
            listener = new ServerSocket(0, BACKLOG, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException("no port for the stand-in of Redis", e);
        }
        var _ = Thread.ofVirtual().start(this::accept);
    }

    String uri() {
        return "redis://127.0.0.1:" + listener.getLocalPort();
    }

    /** Sends bytes to the one subscriber, as they are. */
    void send(byte[] messages) throws IOException, InterruptedException {
        if (!subscribed.await(10, TimeUnit.SECONDS)) {
            throw new IOException("nobody has subscribed within 10 s");
        }
        OutputStream out = subscriber;
        if (out == null) {
            throw new IOException("the subscriber has gone");
        }
        out.write(messages);
    }

    private void accept() {
        try {
            while (!listener.isClosed()) {
                Socket connection = listener.accept();
                connection.setTcpNoDelay(true);
                var _ = Thread.ofVirtual().start(() -> serve(connection));
            }
        } catch (IOException e) {
            if (!listener.isClosed()) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private void serve(Socket connection) {
        try (connection;
                DataInputStream in = new DataInputStream(new BufferedInputStream(connection.getInputStream()))) {
            OutputStream out = connection.getOutputStream();
            boolean inSubscription = false;
            for (String[] command; (command = readCommand(in)) != null; ) {
                String name = command[0].toUpperCase(Locale.ROOT);
                String answer = switch (name) {
                    case "HELLO" -> "-ERR unknown command 'HELLO'\r\n";
                    case "PING" -> inSubscription ? "*2\r\n$4\r\npong\r\n$0\r\n\r\n" : "+PONG\r\n";
                    case "SUBSCRIBE" -> subscribedTo(command[1]);
                    default -> "+OK\r\n";
                };
                out.write(answer.getBytes(US_ASCII));
                if (name.equals("SUBSCRIBE")) {
                    inSubscription = true;
                    subscriber = out;
                    subscribed.countDown();
                }
            }
        } catch (IOException e) {
            if (!listener.isClosed()) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private static String subscribedTo(String channel) {
        return "*3\r\n$9\r\nsubscribe\r\n$%d\r\n%s\r\n:1\r\n".formatted(channel.length(), channel);
    }

    /** Null at the end of the connection. */
    private static String @Nullable [] readCommand(DataInputStream in) throws IOException {
        int first = in.read();
        if (first < 0) {
            return null;
        }
        if (first != '*') {
            throw new IOException("a command does not begin with " + first);
        }
        String[] parts = new String[readNumber(in, MAX_ARGUMENTS)];
        for (int i = 0; i < parts.length; i++) {
            if (in.read() != '$') {
                throw new IOException("an argument does not begin with its length");
            }
            byte[] part = in.readNBytes(readNumber(in, MAX_ARGUMENT_BYTES));
            in.skipNBytes(2);
            parts[i] = new String(part, US_ASCII);
        }
        return parts;
    }

    private static int readNumber(DataInputStream in, int most) throws IOException {
        int number = 0;
        for (int c; (c = in.read()) != '\r'; ) {
            number = 10 * number + (c - '0');
            if (c < '0' || c > '9' || number > most) {
                throw new IOException("not a length, or too large a one");
            }
        }
        in.skipNBytes(1);
        return number;
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }
}
