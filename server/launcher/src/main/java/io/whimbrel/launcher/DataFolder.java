package io.whimbrel.launcher;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Base64;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What outlives the program: the secret that signs tokens, and Redis' data. Closed to other users of the machine. */
record DataFolder(Path path) {
    private static final Logger log = LoggerFactory.getLogger(DataFolder.class);
    private static final String SECRET_FILE = "token-secret";
    private static final int SECRET_BYTES = 48;
    private static final FileAttribute<?> OWNER_ONLY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
    private static final FileAttribute<?> OWNER_ONLY_FOLDER =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

    Path redis() {
        return path.resolve("redis");
    }

    /** The secret made at the first start. Two programs that start at once end up with the same one. */
    String tokenSecret() {
        Path file = path.resolve(SECRET_FILE);
        try {
            if (!Files.exists(file)) {
                makeSecret(file);
            }
            return Files.readString(file).strip();
        } catch (IOException e) {
            throw new StartException(
                    "The token secret in %s can be neither read nor made (%s); make data.folder writable, or set auth.secret"
                            .formatted(file, e),
                    e);
        }
    }

    private void makeSecret(Path file) throws IOException {
        Files.createDirectories(path, OWNER_ONLY_FOLDER);
        byte[] random = new byte[SECRET_BYTES];
        new SecureRandom().nextBytes(random);
        Path draft = Files.createTempFile(path, SECRET_FILE, ".new", OWNER_ONLY);
        try {
            Files.writeString(draft, Base64.getUrlEncoder().withoutPadding().encodeToString(random) + "\n");
            // A link comes into being whole and only once, unlike a file that is written or moved.
            Files.createLink(file, draft);
            log.info("Made the secret that signs tokens: {}", file);
        } catch (FileAlreadyExistsException _) {
            log.debug("Another program made the token secret a moment before");
        } finally {
            try {
                Files.delete(draft);
            } catch (NoSuchFileException _) {
                log.debug("The draft of the token secret is gone already");
            }
        }
    }
}
