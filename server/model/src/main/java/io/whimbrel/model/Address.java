package io.whimbrel.model;

import java.util.Optional;
import java.util.UUID;

/** The public name of a client: a UUID, safe to give away. Whoever knows it may write to the client, not read for it. */
public record Address(UUID uuid) {
    private static final int TEXT_LENGTH = 36;

    public static Address random() {
        return new Address(UUID.randomUUID());
    }

    /** Reads the canonical form of RFC 9562 (36 characters, any case); empty for anything else. */
    public static Optional<Address> parse(String text) {
        return isCanonical(text) ? Optional.of(new Address(UUID.fromString(text))) : Optional.empty();
    }

    private static boolean isCanonical(String text) {
        if (text.length() != TEXT_LENGTH) {
            return false;
        }
        for (int i = 0; i < TEXT_LENGTH; i++) {
            char c = text.charAt(i);
            boolean dash = i == 8 || i == 13 || i == 18 || i == 23;
            boolean fits = dash ? c == '-' : c < 128 && Character.digit(c, 16) >= 0;
            if (!fits) {
                return false;
            }
        }
        return true;
    }

    /** The canonical form in lower case. */
    @Override
    public String toString() {
        return uuid.toString();
    }
}
