/**
 * Who may have a token, and whose token this is. Start with {@link io.whimbrel.auth.TokenVerifier}, what the services
 * ask; tokens are made by {@code TokenIssuer}, and {@code Authenticator} decides who gets one.
 */
@NullMarked
package io.whimbrel.auth;

import org.jspecify.annotations.NullMarked;
