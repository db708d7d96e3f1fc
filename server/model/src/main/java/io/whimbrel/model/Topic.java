package io.whimbrel.model;

import java.util.Optional;

/**
 * The name of a stream of publications. The topic of an address is {@code @<uuid>}; names beginning with {@code @} are
 * reserved for those, so that nobody can subscribe to another client's address under any setting. Other names are free:
 * any text without control characters. They do not begin with a closing brace, since a broker writes a name in braces and
 * a cluster of Redis would find nothing between them to place the topic by.
 */
public record Topic(String name) {
    /** Characters; the limit of the Centrifuge protocol. */
    public static final int MAX_LENGTH = 255;

    private static final char ADDRESS_MARK = '@';
    private static final char CLOSING_BRACE = '}';

    public Topic {
        if (name.isEmpty() || name.length() > MAX_LENGTH) {
            throw new IllegalArgumentException(
                    "a topic's name has 1 to %d characters, this one has %d".formatted(MAX_LENGTH, name.length()));
        }
        if (!isWellFormed(name)) {
            throw new IllegalArgumentException(
                    "a topic's name holds no control characters and no halves of characters, and begins with no brace"
                            + " '}'");
        }
    }

    public static Topic of(Address address) {
        return new Topic(ADDRESS_MARK + address.toString());
    }

    /** A topic as strangers may name it; empty for a name that is none, or that is reserved for addresses. */
    public static Optional<Topic> parse(String name) {
        boolean fits =
                !name.isEmpty() && name.length() <= MAX_LENGTH && name.charAt(0) != ADDRESS_MARK && isWellFormed(name);
        return fits ? Optional.of(new Topic(name)) : Optional.empty();
    }

    /** Whether the name is of the kind that is reserved for addresses. */
    public boolean isReserved() {
        return name.charAt(0) == ADDRESS_MARK;
    }

    /** The address this topic belongs to; empty for a topic that is no client's own. */
    public Optional<Address> address() {
        return isReserved() ? Address.parse(name.substring(1)) : Optional.empty();
    }

    /** Half a surrogate pair would become a question mark in UTF-8, and two topics one. */
    private static boolean isWellFormed(String name) {
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (Character.isISOControl(c) || Character.isLowSurrogate(c)) {
                return false;
            }
            if (Character.isHighSurrogate(c)) {
                i++;
                if (i == name.length() || !Character.isLowSurrogate(name.charAt(i))) {
                    return false;
                }
            }
        }
        return name.charAt(0) != CLOSING_BRACE;
    }

    @Override
    public String toString() {
        return name;
    }
}
