package io.whimbrel.ops;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.Arrays;

/**
 * Who counts as one where a limit is per source: an IPv4 address, or the /64 network of an IPv6 address, since everybody
 * with one of its addresses mostly has all of them.
 *
 * @param network the address, or the first one of the network
 */
public record Source(InetAddress network) {
    private static final int NETWORK_BYTES = 8;

    /** The source of a client as {@link TrustedProxies#clientOf} found it. */
    public static Source of(InetAddress client) {
        InetAddress plain = IpLiteral.plain(client);
        if (!(plain instanceof Inet6Address)) {
            return new Source(plain);
        }
        byte[] bytes = plain.getAddress();
        Arrays.fill(bytes, NETWORK_BYTES, bytes.length, (byte) 0);
        return new Source(IpLiteral.ofBytes(bytes));
    }
}
