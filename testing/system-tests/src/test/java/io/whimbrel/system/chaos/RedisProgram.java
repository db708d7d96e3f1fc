package io.whimbrel.system.chaos;

import io.whimbrel.system.Part;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;

/** The redis-server that travels in Whimbrel's jar, which is a Sentinel and a node of a Cluster as well. */
final class RedisProgram {
    private RedisProgram() {}

    static Path extractTo(Path folder) throws IOException {
        String platform = platform();
        try (JarFile jar = new JarFile(Part.JAR.toFile())) {
            JarEntry entry = jar.stream()
                    .filter(it -> it.getName().startsWith("redis-server-")
                            && it.getName().endsWith(platform))
                    .findFirst()
                    .orElseThrow(
                            () -> new AssertionError("no redis-server for %s in %s".formatted(platform, Part.JAR)));
            Path program = folder.resolve(entry.getName());
            try (InputStream bytes = jar.getInputStream(entry)) {
                Files.copy(bytes, program);
            }
            Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
            return program;
        }
    }

    private static String platform() {
        String system = System.getProperty("os.name").startsWith("Mac") ? "darwin" : "linux";
        String architecture = switch (System.getProperty("os.arch")) {
            case "amd64", "x86_64" -> "amd64";
            case "aarch64", "arm64" -> "arm64";
            default -> "386";
        };
        return system + '-' + architecture;
    }
}
