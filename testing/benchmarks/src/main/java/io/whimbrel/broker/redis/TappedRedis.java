package io.whimbrel.broker.redis;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.whimbrel.redis.EmbeddedRedis;
import io.whimbrel.redis.EmbeddedRedisSettings;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A real Redis behind a wire that lets the benchmark send the subscriber bytes of its own, so that what comes out of a broker is
 * bounded by the reader and by nothing else. Two virtual threads per connection; {@link #send} is for one thread.
 */
final class TappedRedis implements AutoCloseable {
    private static final int BACKLOG = 16;
    private static final int CHUNK_BYTES = 64 * 1024;
    private static final long TIMEOUT_SECONDS = 10;
    private static final String SUBSCRIBE = "\r\nSUBSCRIBE\r\n";

    private final Path folder;
    private final EmbeddedRedis redis;
    private final ServerSocket listener;
    private final CountDownLatch subscribed = new CountDownLatch(1);
    private volatile @Nullable OutputStream subscriber;

    TappedRedis() {
        try {
            folder = Files.createTempDirectory("whimbrel-benchmark");
            redis = EmbeddedRedis.start(EmbeddedRedisSettings.in(folder).withPort(0));
            listener = new ServerSocket(0, BACKLOG, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException("no Redis for the benchmark", e);
        }
        var _ = Thread.ofVirtual().start(this::accept);
    }

    String uri() {
        return "redis://127.0.0.1:" + listener.getLocalPort();
    }

    /** Sends bytes to the one subscriber, as they are, between two answers of Redis. */
    void send(byte[] messages) throws IOException, InterruptedException {
        if (!subscribed.await(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
            throw new IOException("nobody has subscribed within %d s".formatted(TIMEOUT_SECONDS));
        }
        OutputStream out = subscriber;
        if (out == null) {
            throw new IOException("the subscriber has gone");
        }
        write(out, messages, messages.length);
    }

    /** What Redis writes comes whole: in the time of a benchmark it says little, and each of it at once. */
    private static void write(OutputStream out, byte[] bytes, int length) throws IOException {
        synchronized (out) {
            out.write(bytes, 0, length);
        }
    }

    private void accept() {
        try {
            while (!listener.isClosed()) {
                Socket client = listener.accept();
                Socket server = new Socket(InetAddress.getLoopbackAddress(), redis.port());
                client.setTcpNoDelay(true);
                server.setTcpNoDelay(true);
                OutputStream toClient = client.getOutputStream();
                OutputStream toServer = server.getOutputStream();
                var _ = Thread.ofVirtual().start(() -> pass(client, toServer, toClient));
                var _ = Thread.ofVirtual().start(() -> pass(server, toClient, null));
            }
        } catch (IOException e) {
            if (!listener.isClosed()) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** Up to the end of either side; the other direction ends with it. */
    private void pass(Socket from, OutputStream to, @Nullable OutputStream backToSubscriber) {
        try (from;
                to;
                InputStream in = from.getInputStream()) {
            byte[] chunk = new byte[CHUNK_BYTES];
            for (int length; (length = in.read(chunk)) >= 0; ) {
                if (backToSubscriber != null && new String(chunk, 0, length, ISO_8859_1).contains(SUBSCRIBE)) {
                    subscriber = backToSubscriber;
                    subscribed.countDown();
                }
                write(to, chunk, length);
            }
        } catch (SocketException _) {
            // closed by the other direction, or by the broker
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        redis.close();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
