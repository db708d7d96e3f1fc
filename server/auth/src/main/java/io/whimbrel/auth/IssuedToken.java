package io.whimbrel.auth;

import io.whimbrel.model.Address;

/**
 * A token just made. The token is the client's secret; the address may be shown to anybody.
 *
 * @param expiresAtSeconds since 1970
 */
public record IssuedToken(String token, Address address, long expiresAtSeconds) {
    /** Without the token, so that it cannot slip into a log. */
    @Override
    public String toString() {
        return "IssuedToken[%s until %d]".formatted(address, expiresAtSeconds);
    }
}
