package io.whimbrel.ops;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.Optional;

/** Reads IP addresses from text nobody vouches for: never asks DNS, and takes none of the old short or octal forms. */
final class IpLiteral {
    private static final int MAX_LENGTH = 45; // IPv6 with an IPv4 address at its end
    private static final int V4_PARTS = 4;
    private static final int V4_BYTES = 4;
    private static final int MAPPED_HEAD = 12;

    private IpLiteral() {}

    /** The address in its one form, see {@link #plain}; empty for anything else. */
    static Optional<InetAddress> parse(String text) {
        if (text.isEmpty() || text.length() > MAX_LENGTH) {
            return Optional.empty();
        }
        return text.indexOf(':') < 0 ? v4(text) : v6(text);
    }

    /** IPv4 inside of IPv6 (RFC 4291 §2.5.5.2) is IPv4, and no address names an interface of this machine. */
    static InetAddress plain(InetAddress address) {
        if (!(address instanceof Inet6Address)) {
            return address;
        }
        byte[] bytes = address.getAddress();
        return ofBytes(isMapped(bytes) ? Arrays.copyOfRange(bytes, MAPPED_HEAD, bytes.length) : bytes);
    }

    static InetAddress ofBytes(byte[] bytes) {
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("an address has 4 or 16 bytes", e);
        }
    }

    private static boolean isMapped(byte[] bytes) {
        for (int i = 0; i < MAPPED_HEAD; i++) {
            if (bytes[i] != (i < 10 ? 0 : (byte) 0xFF)) {
                return false;
            }
        }
        return true;
    }

    private static Optional<InetAddress> v4(String text) {
        byte[] bytes = new byte[V4_BYTES];
        int from = 0;
        for (int part = 0; part < V4_PARTS; part++) {
            int to = part == V4_PARTS - 1 ? text.length() : text.indexOf('.', from);
            int value = to < 0 ? -1 : decimal(text, from, to);
            if (value < 0) {
                return Optional.empty();
            }
            bytes[part] = (byte) value;
            from = to + 1;
        }
        return Optional.of(ofBytes(bytes));
    }

    /** 0 to 255 without leading zeros, which some read as octal; -1 for anything else. */
    private static int decimal(String text, int from, int to) {
        int length = to - from;
        if (length < 1 || length > 3 || (length > 1 && text.charAt(from) == '0')) {
            return -1;
        }
        int value = 0;
        for (int i = from; i < to; i++) {
            int digit = text.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                return -1;
            }
            value = value * 10 + digit;
        }
        return value <= 255 ? value : -1;
    }

    private static Optional<InetAddress> v6(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
            if (!hex && c != ':' && c != '.') {
                return Optional.empty(); // also names of interfaces, which the JDK would take
            }
        }
        try {
            return Optional.of(plain(Inet6Address.ofLiteral(text)));
        } catch (IllegalArgumentException _) {
            return Optional.empty();
        }
    }
}
