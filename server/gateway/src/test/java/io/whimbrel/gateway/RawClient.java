package io.whimbrel.gateway;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.Optional;

/** A client that writes its bytes by hand, so that it can write wrong ones. Every read has a deadline. */
final class RawClient implements AutoCloseable {
    private static final int DEADLINE_MILLIS = 10_000;
    private static final String KEY = "dGhlIHNhbXBsZSBub25jZQ==";

    /** A frame of the server. */
    record Frame(int firstByte, byte[] payload) {
        int opcode() {
            return firstByte & 0x0F;
        }

        String text() {
            return new String(payload, UTF_8);
        }

        /** "3001 shutdown", or the code alone, or nothing. */
        String closing() {
            if (opcode() != ClientFrames.CLOSE) {
                throw new AssertionError("not a Close frame: " + this);
            }
            if (payload.length == 0) {
                return "";
            }
            String code = Integer.toString(ByteBuffer.wrap(payload).getShort() & 0xFFFF);
            return payload.length == 2 ? code : code + " " + new String(payload, 2, payload.length - 2, UTF_8);
        }

        @Override
        public String toString() {
            return "opcode %d: %s".formatted(opcode(), text());
        }
    }

    private final Socket socket;
    private final DataInputStream in;
    private final OutputStream out;

    RawClient(int port) throws IOException {
        this(port, 0);
    }

    /** With a receive buffer of that size; 0 leaves it to the system. A small one fills up soon. */
    RawClient(int port, int receiveBufferBytes) throws IOException {
        this(new Socket(), port, receiveBufferBytes);
    }

    /** Over a socket that is not connected yet, such as one that speaks TLS. */
    RawClient(Socket socket, int port, int receiveBufferBytes) throws IOException {
        this.socket = socket;
        if (receiveBufferBytes > 0) {
            socket.setReceiveBufferSize(receiveBufferBytes);
        }
        socket.setSoTimeout(DEADLINE_MILLIS);
        socket.setTcpNoDelay(true);
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), DEADLINE_MILLIS);
        in = new DataInputStream(new java.io.BufferedInputStream(socket.getInputStream()));
        out = socket.getOutputStream();
    }

    /** A connection whose handshake with this token has been answered. */
    static RawClient open(int port, String token) throws IOException {
        RawClient client = new RawClient(port);
        String answer = client.handshake(token);
        if (!answer.startsWith("HTTP/1.1 101 ")) {
            throw new AssertionError(answer);
        }
        return client;
    }

    static String upgrade(String target, String... extraHeaders) {
        StringBuilder request = new StringBuilder("GET " + target + " HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\n"
                + "Connection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + KEY + "\r\n");
        for (String header : extraHeaders) {
            request.append(header).append("\r\n");
        }
        return request.append("\r\n").toString();
    }

    String handshake(String token) throws IOException {
        return exchange(upgrade("/ws?token=" + token));
    }

    /** Sends a request and answers with the head of the response. */
    String exchange(String request) throws IOException {
        send(request.getBytes(ISO_8859_1));
        return readHead();
    }

    String readHead() throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            head.append((char) in.readUnsignedByte());
        }
        return head.toString();
    }

    void send(byte[] bytes) throws IOException {
        out.write(bytes);
        out.flush();
    }

    Frame readFrame() throws IOException {
        int first = in.readUnsignedByte();
        int second = in.readUnsignedByte();
        long length = switch (second) {
            case 126 -> in.readUnsignedShort();
            case 127 -> in.readLong();
            default -> second;
        };
        byte[] payload = new byte[Math.toIntExact(length)];
        in.readFully(payload);
        return new Frame(first, payload);
    }

    /** The next frame that is no ping. */
    Frame readMessage() throws IOException {
        while (true) {
            Frame frame = readFrame();
            if (frame.opcode() != ClientFrames.PING) {
                return frame;
            }
        }
    }

    /** What comes until the server ends the connection: a frame where it should not be, or nothing. */
    Optional<Frame> readToEnd() throws IOException {
        try {
            return Optional.of(readFrame());
        } catch (EOFException _) {
            return Optional.empty();
        }
    }

    boolean isEnded() {
        try {
            return in.read() < 0;
        } catch (IOException _) {
            return true;
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
