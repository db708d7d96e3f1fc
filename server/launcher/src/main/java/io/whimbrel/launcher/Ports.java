package io.whimbrel.launcher;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;

/** Ports that are taken, said before anything else is started. */
final class Ports {
    private Ports() {}

    /** A look ahead for the sake of a quick answer; who opens the port may still find it taken. */
    static void requireFree(String setting, String host, int port) {
        if (port == 0) {
            return;
        }
        try (ServerSocket socket = new ServerSocket()) {
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(host, port));
        } catch (java.net.BindException e) {
            throw taken(setting, port, e);
        } catch (IOException e) {
            throw new StartException("%s: %s port %d cannot be opened: %s".formatted(setting, host, port, e), e);
        }
    }

    static StartException taken(String setting, int port, Throwable cause) {
        if (String.valueOf(cause.getMessage()).contains("Cannot assign requested address")) {
            return new StartException(
                    "%s: this machine does not have the address to listen on; choose another host".formatted(setting),
                    cause);
        }
        return new StartException(
                "Port %d is taken: stop the program that uses it, or choose another port with --%s"
                        .formatted(port, setting),
                cause);
    }
}
