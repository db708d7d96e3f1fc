package io.whimbrel.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataFolderTest {
    @TempDir
    private Path folder;

    @Test
    void theSecretIsMadeOnceAndClosedToOthers() throws Exception {
        DataFolder data = new DataFolder(folder.resolve("data"));

        String secret = data.tokenSecret();

        assertThat(secret).hasSize(64);
        assertThat(data.tokenSecret()).isEqualTo(secret);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("data/token-secret"))))
                .isEqualTo("rw-------");
        assertThat(folder.resolve("data")).isDirectoryContaining("glob:**/token-secret");
    }

    @Test
    void programsThatStartAtOnceShareOneSecret() throws Exception {
        DataFolder data = new DataFolder(folder.resolve("data"));
        Set<String> secrets = new HashSet<>();

        try (var threads = Executors.newFixedThreadPool(8)) {
            for (var secret :
                    threads.invokeAll(java.util.Collections.<Callable<String>>nCopies(32, data::tokenSecret))) {
                secrets.add(secret.get());
            }
        }

        assertThat(secrets).hasSize(1);
        try (var files = Files.list(folder.resolve("data"))) {
            assertThat(files).hasSize(1);
        }
    }
}
