package io.whimbrel.redis;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** The redis-server program that travels in the Signal jar, one static binary for each platform. */
final class RedisBinary {
    private static final String VERSION = "7.0.15";
    private static final String ONLY_FOR_OWNER = "rwx------";
    private static final int COMPARED_AT_ONCE_BYTES = 64 * 1024;

    private RedisBinary() {}

    /** The name of the resource, which is also the name of the file taken out of it. */
    static String nameFor(String osName, String osArch) {
        String os = osName.toLowerCase(Locale.ROOT);
        Optional<String> platform = os.startsWith("linux")
                ? architecture(osArch).map("linux-"::concat)
                : os.startsWith("mac") ? architecture(osArch).map("darwin-"::concat) : Optional.empty();
        return platform.filter(it -> !it.equals("darwin-386"))
                .map(it -> "redis-server-%s-%s".formatted(VERSION, it))
                .orElseThrow(() -> new EmbeddedRedisException(
                        "There is no embedded Redis for %s on %s: install Redis and name it with --redis redis://host:port."
                                .formatted(osName, osArch)));
    }

    static String nameForThisMachine() {
        return nameFor(System.getProperty("os.name"), System.getProperty("os.arch"));
    }

    private static Optional<String> architecture(String osArch) {
        return switch (osArch.toLowerCase(Locale.ROOT)) {
            case "amd64", "x86_64" -> Optional.of("amd64");
            case "aarch64", "arm64" -> Optional.of("arm64");
            case "i386", "i686", "x86" -> Optional.of("386");
            default -> Optional.empty();
        };
    }

    /** Puts this platform's program into the folder unless it lies there already, byte for byte. */
    static Path extractTo(Path folder) {
        String name = nameForThisMachine();
        Path program = folder.resolve(name);
        try {
            if (!isWhole(program, name)) {
                extract(name, program);
            }
            Files.setPosixFilePermissions(program, PosixFilePermissions.fromString(ONLY_FOR_OWNER));
            return program;
        } catch (IOException e) {
            throw new EmbeddedRedisException(
                    "The embedded Redis cannot be written to %s: %s".formatted(program, e.getMessage()), e);
        }
    }

    private static boolean isWhole(Path program, String name) throws IOException {
        if (!Files.isRegularFile(program)) {
            return false;
        }
        try (InputStream wanted = new BufferedInputStream(resource(name), COMPARED_AT_ONCE_BYTES);
                InputStream found = Files.newInputStream(program)) {
            while (true) {
                byte[] expected = wanted.readNBytes(COMPARED_AT_ONCE_BYTES);
                if (!Arrays.equals(expected, found.readNBytes(COMPARED_AT_ONCE_BYTES))) {
                    return false;
                }
                if (expected.length == 0) {
                    return true;
                }
            }
        }
    }

    /** Written beside its place and then moved, so that a half-written program is never started. */
    private static void extract(String name, Path program) throws IOException {
        Path unfinished = program.resolveSibling(name + ".unfinished");
        try (InputStream resource = resource(name)) {
            Files.copy(resource, unfinished, StandardCopyOption.REPLACE_EXISTING);
        }
        Files.move(unfinished, program, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private static InputStream resource(String name) throws IOException {
        InputStream resource = RedisBinary.class.getResourceAsStream("/" + name);
        if (resource == null) {
            throw new IOException("the program is missing from the class path: /" + name);
        }
        return resource;
    }
}
