package io.whimbrel.ops;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The proxies whose word about a client's address counts. {@code X-Forwarded-For} grows to the right, each proxy adding
 * whom it was asked by; so it is read from the right, and only as far as those who wrote it are trusted: what stands
 * further left anybody may have made up. Safe for any thread.
 */
public final class TrustedProxies {
    /** Setting {@code proxies.trusted} where nothing is set: every peer is the client itself. */
    public static final TrustedProxies NONE = new TrustedProxies(List.of());

    /** Lines of the header taken together; about 80 addresses. A longer one is ignored. */
    static final int MAX_HEADER_CHARS = 4096;

    private static final int MAX_NETWORKS = 1024;
    private static final int MAPPED_BITS = 96;

    private final List<Network> networks;

    private TrustedProxies(List<Network> networks) {
        this.networks = List.copyOf(networks);
    }

    /**
     * Reads the setting {@code proxies.trusted}; what is wrong with it is an {@link IllegalArgumentException}.
     *
     * @param texts addresses such as {@code 10.0.0.7} and networks such as {@code 10.0.0.0/8} or {@code fd00::/8}
     */
    public static TrustedProxies of(List<String> texts) {
        if (texts.size() > MAX_NETWORKS) {
            throw new IllegalArgumentException(
                    "proxies.trusted holds %d networks; it may hold 0 to %d".formatted(texts.size(), MAX_NETWORKS));
        }
        return new TrustedProxies(texts.stream().map(Network::parse).toList());
    }

    /**
     * Who the client is: the peer, or whom trusted proxies say they speak for.
     *
     * @param peer who opened the connection
     * @param forwardedFor the lines of {@code X-Forwarded-For}, in their order; looked at only where the peer is trusted
     * @return IPv4 also where it came inside of IPv6, and without the name of an interface
     */
    public InetAddress clientOf(InetAddress peer, List<String> forwardedFor) {
        InetAddress client = IpLiteral.plain(peer);
        if (!trusts(client) || charsOf(forwardedFor) > MAX_HEADER_CHARS) {
            return client;
        }
        for (String line : forwardedFor.reversed()) {
            int to = line.length();
            while (to >= 0) {
                int comma = to == 0 ? -1 : line.lastIndexOf(',', to - 1);
                String hop = line.substring(comma + 1, to).strip();
                to = comma;
                if (hop.isEmpty()) {
                    continue; // a list may have empty members (RFC 9110 §5.6.1)
                }
                Optional<InetAddress> said = addressIn(hop);
                if (said.isEmpty()) {
                    return client;
                }
                client = said.get();
                if (!trusts(client)) {
                    return client;
                }
            }
        }
        return client;
    }

    /** Whether this peer's word counts. */
    public boolean trusts(InetAddress peer) {
        if (networks.isEmpty()) {
            return false;
        }
        byte[] address = IpLiteral.plain(peer).getAddress();
        for (Network network : networks) {
            if (network.holds(address)) {
                return true;
            }
        }
        return false;
    }

    /** Also with a port, and with brackets around IPv6. */
    private static Optional<InetAddress> addressIn(String hop) {
        if (hop.charAt(0) == '[') {
            int end = hop.indexOf(']');
            boolean whole = end > 0 && isPortOrNothing(hop, end + 1) && hop.indexOf(':') < end;
            return whole ? IpLiteral.parse(hop.substring(1, end)) : Optional.empty();
        }
        int colon = hop.indexOf(':');
        if (colon < 0 || hop.indexOf(':', colon + 1) >= 0) {
            return IpLiteral.parse(hop);
        }
        return isPortOrNothing(hop, colon) ? IpLiteral.parse(hop.substring(0, colon)) : Optional.empty();
    }

    private static boolean isPortOrNothing(String hop, int from) {
        if (from == hop.length()) {
            return true;
        }
        int digits = hop.length() - from - 1;
        if (hop.charAt(from) != ':' || digits < 1 || digits > 5) {
            return false;
        }
        for (int i = from + 1; i < hop.length(); i++) {
            if (hop.charAt(i) < '0' || hop.charAt(i) > '9') {
                return false;
            }
        }
        return true;
    }

    private static int charsOf(List<String> lines) {
        int chars = 0;
        for (String line : lines) {
            chars += line.length();
        }
        return chars;
    }

    /** The networks as they are compared. */
    @Override
    public String toString() {
        return "TrustedProxies" + networks;
    }

    /** All addresses that begin with the same bits. */
    @SuppressWarnings("ArrayRecordComponent") // never compared, and never handed out
    private record Network(byte[] address, int bits) {
        static Network parse(String text) {
            int slash = text.indexOf('/');
            Optional<InetAddress> parsed = IpLiteral.parse(slash < 0 ? text : text.substring(0, slash));
            Network network =
                    parsed.isEmpty() ? null : of(text, slash, parsed.get().getAddress());
            if (network == null) {
                throw new IllegalArgumentException(
                        "proxies.trusted is \"%s\", but must be addresses and networks such as 10.0.0.7, 10.0.0.0/8 or fd00::/8"
                                .formatted(text));
            }
            return network;
        }

        private static @Nullable Network of(String text, int slash, byte[] address) {
            int all = address.length * Byte.SIZE;
            if (slash < 0) {
                return new Network(address, all);
            }
            String length = text.substring(slash + 1);
            if (!length.matches("\\d{1,3}")) {
                return null;
            }
            boolean mapped = all < MAPPED_BITS && text.indexOf(':') >= 0;
            int bits = Integer.parseInt(length) - (mapped ? MAPPED_BITS : 0);
            return bits >= 0 && bits <= all ? new Network(address, bits) : null;
        }

        boolean holds(byte[] other) {
            if (other.length != address.length) {
                return false;
            }
            int whole = bits / Byte.SIZE;
            for (int i = 0; i < whole; i++) {
                if (other[i] != address[i]) {
                    return false;
                }
            }
            int rest = bits % Byte.SIZE;
            return rest == 0 || ((other[whole] ^ address[whole]) & 0xFF) >> (Byte.SIZE - rest) == 0;
        }

        @Override
        public String toString() {
            return IpLiteral.ofBytes(address).getHostAddress() + '/' + bits;
        }
    }
}
