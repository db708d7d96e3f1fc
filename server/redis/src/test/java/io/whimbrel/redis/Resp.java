package io.whimbrel.redis;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Just enough of the Redis protocol to ask one question over a connection of its own. */
final class Resp {
    private static final int TIMEOUT_MILLIS = 5000;

    private Resp() {}

    static String ask(int port, String command) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(TIMEOUT_MILLIS);
            socket.getOutputStream().write((command + "\r\n").getBytes(StandardCharsets.US_ASCII));
            return answer(new DataInputStream(socket.getInputStream()));
        }
    }

    private static String answer(DataInputStream in) throws IOException {
        String line = line(in);
        int length = line.length() > 1 && "$*".indexOf(line.charAt(0)) >= 0 ? Integer.parseInt(line.substring(1)) : 0;
        if (line.charAt(0) == '$' && length >= 0) {
            byte[] bulk = in.readNBytes(length);
            in.readNBytes(2);
            return new String(bulk, StandardCharsets.UTF_8);
        }
        if (line.charAt(0) == '*') {
            List<String> parts = new ArrayList<>();
            for (int i = 0; i < length; i++) {
                parts.add(answer(in));
            }
            return String.join(" ", parts);
        }
        return line;
    }

    private static String line(DataInputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int b = in.readUnsignedByte(); b != '\r'; b = in.readUnsignedByte()) {
            line.append((char) b);
        }
        in.readUnsignedByte();
        return line.toString();
    }
}
