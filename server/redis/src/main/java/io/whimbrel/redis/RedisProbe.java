package io.whimbrel.redis;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Asks a Redis whether it serves commands yet. */
final class RedisProbe {
    private static final Logger log = LoggerFactory.getLogger(RedisProbe.class);

    private static final byte[] PING = "PING\r\n".getBytes(StandardCharsets.US_ASCII);
    private static final int LONGEST_ANSWER_BYTES = 256;

    private RedisProbe() {}

    enum State {
        SILENT,
        /** It answers, but has not read all of its files yet. */
        LOADING,
        READY
    }

    static State ask(int port, int timeoutMillis) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(loopback(), port), timeoutMillis);
            socket.setSoTimeout(timeoutMillis);
            socket.getOutputStream().write(PING);
            return stateOf(line(socket.getInputStream()));
        } catch (IOException e) {
            log.debug("no answer from 127.0.0.1:{} yet: {}", port, e.getMessage());
            return State.SILENT;
        }
    }

    /** An error other than "loading", such as that of a Redis that wants a password, still comes from one that serves. */
    static State stateOf(String answer) {
        if (answer.startsWith("-LOADING")) {
            return State.LOADING;
        }
        return answer.equals("+PONG") || answer.startsWith("-") ? State.READY : State.SILENT;
    }

    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int b = in.read(); b >= 0 && b != '\r' && line.length() < LONGEST_ANSWER_BYTES; b = in.read()) {
            line.append((char) b);
        }
        return line.toString();
    }

    private static InetAddress loopback() throws IOException {
        return InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
    }
}
