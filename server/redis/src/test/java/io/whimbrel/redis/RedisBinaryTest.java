package io.whimbrel.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RedisBinaryTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({
        "Linux, amd64, linux-amd64",
        "Linux, x86_64, linux-amd64",
        "Linux, aarch64, linux-arm64",
        "Linux, i386, linux-386",
        "Mac OS X, x86_64, darwin-amd64",
        "Mac OS X, aarch64, darwin-arm64"
    })
    void everyPlatformOfTheJarIsFoundInIt(String osName, String osArch, String platform) {
        String name = RedisBinary.nameFor(osName, osArch);

        assertThat(name).isEqualTo("redis-server-7.0.15-" + platform);
        assertThat(RedisBinary.class.getResource("/" + name)).isNotNull();
    }

    @ParameterizedTest
    @CsvSource({"Windows 11, amd64", "Linux, riscv64", "Mac OS X, i386", "FreeBSD, amd64"})
    void anotherPlatformIsToldWhatToDo(String osName, String osArch) {
        assertThatThrownBy(() -> RedisBinary.nameFor(osName, osArch))
                .isInstanceOf(EmbeddedRedisException.class)
                .hasMessageContaining(osName)
                .hasMessageContaining("--redis redis://host:port");
    }

    @Test
    void isExtractedOnceForItsOwnerAlone() throws Exception {
        Path program = RedisBinary.extractTo(folder);
        FileTime longAgo = FileTime.fromMillis(1000);
        Files.setLastModifiedTime(program, longAgo);

        RedisBinary.extractTo(folder);

        assertThat(Files.getLastModifiedTime(program)).isEqualTo(longAgo);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(program)))
                .isEqualTo("rwx------");
        assertThat(folder).isDirectoryNotContaining("glob:**unfinished");
    }

    @Test
    void isExtractedAgainWhenTruncatedOrChanged() throws Exception {
        Path program = RedisBinary.extractTo(folder);
        byte[] whole = Files.readAllBytes(program);

        byte[] changed = whole.clone();
        changed[whole.length - 1] ^= 1;
        Files.write(program, changed);
        RedisBinary.extractTo(folder);
        byte[] afterChange = Files.readAllBytes(program);
        Files.write(program, Arrays.copyOf(whole, 1000));
        RedisBinary.extractTo(folder);
        byte[] afterTruncation = Files.readAllBytes(program);

        assertThat(afterChange).isEqualTo(whole);
        assertThat(afterTruncation).isEqualTo(whole);
    }
}
