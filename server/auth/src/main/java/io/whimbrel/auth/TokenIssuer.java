package io.whimbrel.auth;

import io.whimbrel.model.Address;
import io.whimbrel.model.Topic;
import java.time.Duration;
import java.util.List;

/** Makes tokens. Safe for any thread; may take a millisecond of CPU with asymmetric keys, never waits for anything. */
public interface TokenIssuer {
    /**
     * A token for this address, whose bearer has proved just now that it is its own; valid from now for the time the issuer was
     * set to. It is good also where the address was revoked a moment ago.
     *
     * @param topics what its bearer may receive besides, as a verifier or an authenticator has let them pass
     */
    IssuedToken issue(Address address, List<Topic> topics);

    /** One in place of a valid one, whose bearer has proved no more than that: what revokes the old one's bearer revokes it too. */
    IssuedToken renew(TokenVerdict.Valid old);

    /** How long a token is valid. */
    Duration lifetime();

    /** A token without further topics. */
    default IssuedToken issue(Address address) {
        return issue(address, List.of());
    }

    /**
     * The address of somebody who is known by name: always the same one for the same identity, as long as the secret
     * stays the same, and not to be guessed from the identity.
     */
    Address addressOf(String identity);
}
