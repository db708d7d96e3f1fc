/**
 * Who may have a token, and whose token this is. Start with {@link io.whimbrel.auth.TokenVerifier}, what both services
 * ask, and the four {@link io.whimbrel.auth.TokenVerdict}s they get.
 *
 * <ul>
 *   <li>Tokens are made by {@link io.whimbrel.auth.SignedTokens}. Whoever has the key verifies them with a
 *       {@link io.whimbrel.auth.LocalVerifier}; who has not asks the web server with a
 *       {@link io.whimbrel.auth.WebServerVerifier}.
 *   <li>{@link io.whimbrel.auth.Authenticator} decides who gets a token: anybody
 *       ({@link io.whimbrel.auth.OpenAuthenticator}), users of a file ({@link io.whimbrel.auth.BasicAuthenticator}), or
 *       users of an identity provider ({@link io.whimbrel.auth.BearerAuthenticator}).
 *   <li>Keys come from a {@link io.whimbrel.auth.KeySource}. {@code JwtCheck} is where a signature is believed or not,
 *       for our tokens and for an identity provider's alike; {@code JwtRules} says what differs between the two.
 * </ul>
 */
@NullMarked
package io.whimbrel.auth;

import org.jspecify.annotations.NullMarked;
