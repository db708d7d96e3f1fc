package io.whimbrel.model;

import java.util.Optional;

/**
 * The name of a stream of publications. The topic of an address is {@code @<uuid>}; names beginning with {@code @} are
 * reserved for those, so that nobody can subscribe to another client's address under any setting.
 */
public record Topic(String name) {
    /** Characters; the limit of the Centrifuge protocol. */
    public static final int MAX_LENGTH = 255;

    private static final char ADDRESS_MARK = '@';

    public Topic {
        if (name.isEmpty() || name.length() > MAX_LENGTH) {
            throw new IllegalArgumentException(
                    "a topic's name has 1 to %d characters, this one has %d".formatted(MAX_LENGTH, name.length()));
        }
    }

    public static Topic of(Address address) {
        return new Topic(ADDRESS_MARK + address.toString());
    }

    /** The address this topic belongs to; empty for a topic that is no client's own. */
    public Optional<Address> address() {
        return name.charAt(0) == ADDRESS_MARK ? Address.parse(name.substring(1)) : Optional.empty();
    }

    @Override
    public String toString() {
        return name;
    }
}
