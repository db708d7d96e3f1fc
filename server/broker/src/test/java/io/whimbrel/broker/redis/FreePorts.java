package io.whimbrel.broker.redis;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Ports that stay free while nobody listens there: they are not among those that the system gives to outgoing connections. The ports
 * ten thousand further on, where nodes of a Redis Cluster talk to each other, are free as well.
 */
final class FreePorts {
    private static final int FIRST = 10_000;
    private static final int LAST = 22_000;
    private static final int BUS = 10_000;
    private static final int TRIES = 1_000;

    private FreePorts() {}

    static int next() {
        for (int i = 0; i < TRIES; i++) {
            int port = ThreadLocalRandom.current().nextInt(FIRST, LAST);
            if (isFree(port) && isFree(port + BUS)) {
                return port;
            }
        }
        throw new AssertionError("no port is free between %d and %d".formatted(FIRST, LAST));
    }

    private static boolean isFree(int port) {
        try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            return socket.isBound();
        } catch (IOException _) {
            return false; // somebody listens there
        }
    }
}
