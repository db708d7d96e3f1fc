package io.whimbrel.ops;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.concurrent.ThreadLocalRandom;

/** How a running service is called in receipts and traces: {@code gateway@host:7071/k3x9}, another one after each start. */
public final class NodeName {
    private static final int MAX_HOST_LENGTH = 32;
    private static final int RADIX = 36;
    private static final int MARKS = RADIX * RADIX * RADIX * RADIX;

    private NodeName() {}

    /**
     * A name no other node has, in 30 to 60 visible ASCII characters.
     *
     * @param port the one clients know
     */
    public static String of(String service, int port) {
        String mark = Integer.toString(MARKS + ThreadLocalRandom.current().nextInt(MARKS), RADIX)
                .substring(1);
        return "%s@%s:%d/%s".formatted(service, host(), port, mark);
    }

    private static String host() {
        try {
            String name = InetAddress.getLocalHost().getHostName().replaceAll("[^!-~]", "");
            return name.isEmpty() ? "localhost" : name.substring(0, Math.min(MAX_HOST_LENGTH, name.length()));
        } catch (UnknownHostException _) {
            return "localhost"; // a machine whose name nobody can resolve, its own least of all
        }
    }
}
