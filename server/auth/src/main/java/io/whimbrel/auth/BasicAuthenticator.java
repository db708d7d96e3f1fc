package io.whimbrel.auth;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.time.InstantSource;
import java.util.Base64;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Users of a file log in with name and password (RFC 7617). The name is the identity. Passwords are checked on threads
 * of its own, since a check is meant to be slow. Safe for any thread; never blocks.
 */
public final class BasicAuthenticator implements Authenticator, AutoCloseable {
    private static final String CHALLENGE = "Basic realm=\"whimbrel\", charset=\"UTF-8\"";
    private static final int MAX_HEADER_LENGTH = 8 * 1024;

    private final UsersFile file;
    private final BoundedPool pool;

    /** Reads the users' file; what is wrong with it is an {@link IllegalArgumentException} that names file and line. */
    public BasicAuthenticator(BasicSettings settings, InstantSource clock) {
        file = new UsersFile(settings.usersFile(), clock);
        pool = new BoundedPool("auth-passwords", settings.threads(), settings.waiting());
    }

    @Override
    public CompletionStage<Decision> decide(Optional<String> authorization) {
        Optional<Credentials> credentials = authorization.flatMap(BasicAuthenticator::read);
        if (credentials.isEmpty()) {
            return CompletableFuture.completedStage(new Decision.Denied(CHALLENGE));
        }
        return pool.submit(() -> decide(credentials.get()), Decision.Unavailable::new);
    }

    @Override
    public void close() {
        pool.close();
    }

    private Decision decide(Credentials credentials) {
        return file.users().admits(credentials.name(), credentials.password())
                ? new Decision.Granted(Optional.of(credentials.name()))
                : new Decision.Denied(CHALLENGE);
    }

    private static Optional<Credentials> read(String header) {
        if (header.length() > MAX_HEADER_LENGTH) {
            return Optional.empty();
        }
        return AuthorizationHeader.credentials("Basic", header).flatMap(encoded -> {
            try {
                ByteBuffer bytes = ByteBuffer.wrap(Base64.getDecoder().decode(encoded));
                String pair = StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
                int colon = pair.indexOf(':');
                return colon <= 0
                        ? Optional.empty()
                        : Credentials.of(pair.substring(0, colon), pair.substring(colon + 1));
            } catch (IllegalArgumentException | CharacterCodingException _) {
                return Optional.empty(); // neither base64 nor text, so nobody's password
            }
        });
    }

    private record Credentials(String name, String password) {
        static Optional<Credentials> of(String name, String password) {
            return password.isEmpty() || password.length() > PasswordHash.MAX_PASSWORD_LENGTH
                    ? Optional.empty()
                    : Optional.of(new Credentials(Normalizer.normalize(name, Normalizer.Form.NFC), password));
        }

        /** Without the password. */
        @Override
        public String toString() {
            return "Credentials";
        }
    }
}
