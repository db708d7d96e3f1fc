package io.whimbrel.auth;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads the one key of a PEM file (RFC 7468). */
final class Pem {
    private static final int MAX_FILE_BYTES = 64 * 1024;
    private static final Pattern BLOCK =
            Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\\s]*)-----END \\1-----");

    private Pem() {}

    /** The DER bytes of the file's first block, which must have this label. No mistake's sentence shows file content. */
    static byte[] read(String setting, Path file, String label) {
        Matcher block = BLOCK.matcher(textOf(setting, file));
        if (!block.find()) {
            throw new IllegalArgumentException(
                    "%s: %s holds no PEM block '-----BEGIN %s-----'".formatted(setting, file, label));
        }
        if (!block.group(1).equals(label)) {
            throw new IllegalArgumentException("%s: %s holds a '%s'; it must hold a '%s', which %s makes"
                    .formatted(
                            setting,
                            file,
                            block.group(1),
                            label,
                            label.startsWith("PRIVATE") ? "openssl pkcs8 -topk8 -nocrypt" : "openssl pkey -pubout"));
        }
        try {
            return Base64.getMimeDecoder().decode(block.group(2));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("%s: %s is cut off or damaged".formatted(setting, file), e);
        }
    }

    private static String textOf(String setting, Path file) {
        try {
            if (Files.size(file) > MAX_FILE_BYTES) {
                throw new IllegalArgumentException(
                        "%s: %s is larger than any key (%d bytes)".formatted(setting, file, MAX_FILE_BYTES));
            }
            return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new IllegalArgumentException("%s: %s cannot be read (%s)".formatted(setting, file, e), e);
        }
    }
}
