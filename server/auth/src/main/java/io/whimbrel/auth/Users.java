package io.whimbrel.auth;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Who may log in, by name. Immutable. */
final class Users {
    private static final PasswordHash NOBODY =
            new PasswordHash(PasswordHash.DEFAULT_ITERATIONS, new byte[16], new byte[32]);

    private final Map<String, PasswordHash> hashes;
    private final List<PasswordHash> decoys;

    Users(Map<String, PasswordHash> hashes) {
        this.hashes = Map.copyOf(hashes);
        decoys = hashes.isEmpty() ? List.of(NOBODY) : List.copyOf(hashes.values());
    }

    int size() {
        return hashes.size();
    }

    /**
     * Whether this is the user's password. For an unknown user somebody else's hash is computed, always the same one for
     * one name, so that the time it takes does not tell who exists.
     */
    boolean admits(String name, String password) {
        Optional<PasswordHash> known = Optional.ofNullable(hashes.get(name));
        PasswordHash hash = known.orElseGet(() -> decoys.get(Math.floorMod(name.hashCode(), decoys.size())));
        return hash.matches(password) && known.isPresent(); // in this order
    }
}
