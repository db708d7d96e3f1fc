package io.whimbrel.system;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Arrays;

/** A client that sends what it likes. */
final class RawSocket implements AutoCloseable {
    private static final int DEADLINE_MILLIS = 10_000;
    private static final int SMALL_BUFFER_BYTES = 64 * 1024;

    private final Socket socket;

    RawSocket(int port) throws IOException {
        this(port, new Socket());
    }

    private RawSocket(int port, Socket unconnected) throws IOException {
        socket = unconnected;
        socket.setSoTimeout(DEADLINE_MILLIS);
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    }

    /** One for which little waits in the system while it does not read. */
    static RawSocket withSmallReceiveBuffer(int port) throws IOException {
        Socket socket = new Socket();
        socket.setReceiveBufferSize(SMALL_BUFFER_BYTES);
        return new RawSocket(port, socket);
    }

    /** Opens a WebSocket and then never reads again; answers the head of the response. */
    String openWebSocket(String token) throws IOException {
        send("GET /?token=%s HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n".formatted(token)
                + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            head.append((char) read());
        }
        return head.toString();
    }

    void send(String text) throws IOException {
        send(text.getBytes(UTF_8));
    }

    void send(byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
    }

    int read() throws IOException {
        return socket.getInputStream().read();
    }

    byte[] read(int count) throws IOException {
        return socket.getInputStream().readNBytes(count);
    }

    /** What has come, at least one byte. */
    byte[] readSome() throws IOException {
        byte[] some = new byte[4096];
        return Arrays.copyOf(some, Math.max(0, socket.getInputStream().read(some)));
    }

    /** Reads everything that comes, in the background, and forgets it. */
    void readOn() {
        Thread.ofVirtual().start(() -> {
            try {
                socket.setSoTimeout(0);
                socket.getInputStream().transferTo(OutputStream.nullOutputStream());
            } catch (IOException _) {
                // it was closed
            }
        });
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
