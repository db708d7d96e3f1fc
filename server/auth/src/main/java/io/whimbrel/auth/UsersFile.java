package io.whimbrel.auth;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.text.Normalizer;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The users who may log in, from a file with one {@code name:hash} a line and {@code #} comments. Looks after the file at
 * most once a second; a new file that is broken changes nothing but the log. Safe for any thread; reads files, so not
 * for event loops.
 */
final class UsersFile {
    private static final Logger log = LoggerFactory.getLogger(UsersFile.class);

    private static final String SETTING = "auth.users-file";
    private static final Duration LOOK_INTERVAL = Duration.ofSeconds(1);
    private static final long MAX_BYTES = 16L * 1024 * 1024;

    private final Path file;
    private final InstantSource clock;
    private final ReentrantLock reading = new ReentrantLock(); // guards the fields below, but for reading users
    private volatile Users users;
    private Version version;
    private Instant nextLook;

    /** Reads the file; what is wrong with it is an {@link IllegalArgumentException} that names file and line. */
    UsersFile(Path file, InstantSource clock) {
        this.file = file;
        this.clock = clock;
        version = versionNow();
        users = read();
        nextLook = clock.instant().plus(LOOK_INTERVAL);
    }

    /** The users of now, give or take a second. */
    Users users() {
        if (reading.tryLock()) { // who finds somebody else reading takes the users there are
            try {
                if (!clock.instant().isBefore(nextLook)) {
                    nextLook = clock.instant().plus(LOOK_INTERVAL);
                    readIfChanged();
                }
            } finally {
                reading.unlock();
            }
        }
        return users;
    }

    private void readIfChanged() {
        Version now = versionNow();
        if (now.equals(version)) {
            return;
        }
        version = now; // also if it is broken, which is then said once
        try {
            users = read();
            log.info("Users file {} read again: {} users", file, users.size());
        } catch (IllegalArgumentException e) {
            log.error("Users file changed, but is not used: {}", e.getMessage());
        }
    }

    private Version versionNow() {
        try {
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            return new Version(attributes.lastModifiedTime(), attributes.size(), attributes.fileKey());
        } catch (IOException _) {
            return new Version(FileTime.fromMillis(0), -1, null); // reading it will say why
        }
    }

    private Users read() {
        Map<String, PasswordHash> hashes = new HashMap<>();
        int number = 0;
        for (String line : lines()) {
            number++;
            String text = line.strip();
            if (text.isEmpty() || text.startsWith("#")) {
                continue;
            }
            int colon = text.indexOf(':');
            if (colon <= 0) {
                throw mistake(number, "has no name before a colon", null);
            }
            String name = Normalizer.normalize(text.substring(0, colon), Normalizer.Form.NFC);
            if (hashes.put(name, hashIn(text.substring(colon + 1), number)) != null) {
                throw mistake(number, "names a user a second time", null);
            }
        }
        return new Users(hashes);
    }

    private PasswordHash hashIn(String text, int line) {
        try {
            return PasswordHash.parse(text);
        } catch (IllegalArgumentException e) {
            throw mistake(line, "has an unusable password hash: " + e.getMessage(), e);
        }
    }

    private List<String> lines() {
        try {
            if (Files.size(file) > MAX_BYTES) {
                throw new IllegalArgumentException(
                        "%s: %s is larger than %d bytes".formatted(SETTING, file, MAX_BYTES));
            }
            ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file));
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(bytes)
                    .toString()
                    .lines()
                    .toList();
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("%s: %s is not UTF-8".formatted(SETTING, file), e);
        } catch (IOException e) {
            throw new IllegalArgumentException("%s: %s cannot be read (%s)".formatted(SETTING, file, e), e);
        }
    }

    private IllegalArgumentException mistake(int line, String what, @Nullable Exception cause) {
        return new IllegalArgumentException("%s: %s, line %d %s".formatted(SETTING, file, line, what), cause);
    }

    private record Version(
            FileTime modified, long size, @Nullable Object fileKey) {}
}
