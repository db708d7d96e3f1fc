package io.whimbrel.auth;

import io.whimbrel.model.Address;

/** Makes tokens. Safe for any thread; may take a millisecond of CPU with asymmetric keys, never waits for anything. */
public interface TokenIssuer {
    /** A token for this address, valid from now for the time the issuer was set to. */
    IssuedToken issue(Address address);

    /**
     * The address of somebody who is known by name: always the same one for the same identity, as long as the secret
     * stays the same, and not to be guessed from the identity.
     */
    Address addressOf(String identity);
}
