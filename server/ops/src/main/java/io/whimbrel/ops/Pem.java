package io.whimbrel.ops;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads the blocks of a PEM file (RFC 7468). No mistake's sentence shows what is in the file. */
final class Pem {
    private static final int MAX_FILE_BYTES = 1024 * 1024;
    private static final Pattern BLOCK =
            Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\\s]*+)-----END \\1-----");

    private Pem() {}

    /** One block. */
    @SuppressWarnings("ArrayRecordComponent") // read once and never compared
    record Block(String label, byte[] der) {
        /** Without the content, which may be a key. */
        @Override
        public String toString() {
            return label;
        }
    }

    /** All blocks, in their order; whatever stands between them is ignored. */
    static List<Block> read(String setting, Path file) {
        List<Block> blocks = new ArrayList<>();
        Matcher matcher = BLOCK.matcher(textOf(setting, file));
        while (matcher.find()) {
            try {
                blocks.add(new Block(matcher.group(1), Base64.getMimeDecoder().decode(matcher.group(2))));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("%s: %s is cut off or damaged".formatted(setting, file), e);
            }
        }
        return blocks;
    }

    private static String textOf(String setting, Path file) {
        try {
            if (Files.size(file) > MAX_FILE_BYTES) {
                throw new IllegalArgumentException(
                        "%s: %s is larger than %d bytes".formatted(setting, file, MAX_FILE_BYTES));
            }
            return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new IllegalArgumentException("%s: %s cannot be read (%s)".formatted(setting, file, e), e);
        }
    }
}
