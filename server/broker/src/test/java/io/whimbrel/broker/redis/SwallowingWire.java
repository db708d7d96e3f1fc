package io.whimbrel.broker.redis;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;

/**
 * Passes connections on to a port of this machine, until it swallows what is sent, as a network does that has gone: nobody is told.
 * What was there then stays so when it passes on again. Safe for any thread.
 */
final class SwallowingWire implements AutoCloseable {
    private static final int BACKLOG = 16;
    private static final int CHUNK_BYTES = 64 * 1024;

    private final ServerSocket listener = new ServerSocket(0, BACKLOG, InetAddress.getLoopbackAddress());
    private final int target;
    private volatile boolean swallows;

    SwallowingWire(int targetPort) throws IOException {
        target = targetPort;
        var _ = Thread.ofVirtual().start(this::accept);
    }

    int port() {
        return listener.getLocalPort();
    }

    void swallow() {
        swallows = true;
    }

    void heal() {
        swallows = false;
    }

    private void accept() {
        try {
            while (!listener.isClosed()) {
                Socket near = listener.accept();
                Socket far = new Socket(InetAddress.getLoopbackAddress(), target);
                near.setTcpNoDelay(true);
                far.setTcpNoDelay(true);
                var _ = Thread.ofVirtual().start(() -> pass(near, far));
                var _ = Thread.ofVirtual().start(() -> pass(far, near));
            }
        } catch (IOException e) {
            if (!listener.isClosed()) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private void pass(Socket from, Socket to) {
        boolean swallowed = false;
        try (from;
                to;
                InputStream in = from.getInputStream();
                OutputStream out = to.getOutputStream()) {
            byte[] chunk = new byte[CHUNK_BYTES];
            for (int length; (length = in.read(chunk)) >= 0; ) {
                swallowed |= swallows;
                if (!swallowed) {
                    out.write(chunk, 0, length);
                }
            }
        } catch (SocketException _) {
            // closed by the other direction, or by who is connected
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }
}
