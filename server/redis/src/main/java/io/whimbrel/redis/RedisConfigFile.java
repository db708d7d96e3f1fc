package io.whimbrel.redis;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** What we must know of an operator's redis.conf. Redis reads the rest, and complains about it, itself. */
final class RedisConfigFile {
    private RedisConfigFile() {}

    /** The port of its last {@code port} line, 6379 where there is none. Files it includes are not looked into. */
    static int port(Path file) {
        try {
            // Redis takes any bytes; in Latin-1 every byte is a character.
            return Files.readAllLines(file, StandardCharsets.ISO_8859_1).stream()
                    .map(line -> line.strip().split("\\s+"))
                    .filter(words -> words.length == 2 && words[0].equalsIgnoreCase("port"))
                    .reduce((_, last) -> last)
                    .map(words -> parse(words[1], file))
                    .orElse(EmbeddedRedisSettings.DEFAULT_PORT);
        } catch (IOException e) {
            throw new EmbeddedRedisException("The configuration file %s cannot be read.".formatted(file), e);
        }
    }

    private static int parse(String text, Path file) {
        try {
            int port = Integer.parseInt(text.replace("\"", ""));
            if (port >= 1 && port <= 65535) {
                return port;
            }
        } catch (NumberFormatException e) {
            throw wrongPort(text, file, e);
        }
        throw wrongPort(text, file, null);
    }

    private static EmbeddedRedisException wrongPort(String text, Path file, @Nullable Throwable cause) {
        return new EmbeddedRedisException("The port in %s is %s, allowed is 1 to 65535.".formatted(file, text), cause);
    }
}
