package io.whimbrel.auth;

import java.nio.file.Path;

/**
 * How users log in with name and password.
 *
 * @param usersFile setting {@code auth.users-file}
 * @param threads that check passwords, each check about 0.2 s of CPU
 * @param waiting checks that wait for such a thread, above which the answer is "unavailable"
 */
public record BasicSettings(Path usersFile, int threads, int waiting) {
    public static final int DEFAULT_THREADS = Runtime.getRuntime().availableProcessors() > 2 ? 2 : 1;
    public static final int DEFAULT_WAITING = 64;

    public BasicSettings {
        if (threads < 1 || threads > 64) {
            throw new IllegalArgumentException("%d threads that check passwords; it may be 1 to 64".formatted(threads));
        }
        if (waiting < 1 || waiting > 10_000) {
            throw new IllegalArgumentException(
                    "%d waiting checks of passwords; it may be 1 to 10000".formatted(waiting));
        }
    }

    /** An empty text means not set, which is a mistake. */
    public static BasicSettings withDefaults(String usersFile) {
        if (usersFile.isEmpty()) {
            throw new IllegalArgumentException(
                    "auth.users-file is not set; basic authentication needs one, with lines that 'whimbrel"
                            + " hash-password' makes");
        }
        return new BasicSettings(Path.of(usersFile), DEFAULT_THREADS, DEFAULT_WAITING);
    }
}
