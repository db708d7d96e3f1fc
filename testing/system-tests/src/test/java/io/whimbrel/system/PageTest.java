package io.whimbrel.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The page in a real Chromium, served by the real program; the stories themselves are in {@code testing/browser}. */
class PageTest {
    private static final Duration LIMIT = Duration.ofSeconds(110);

    @TempDir
    private Path folder;

    @Test
    void worksInARealBrowser() throws Exception {
        try (Part up = Part.start(
                        "up",
                        "--web.port=0",
                        "--gateway.port=0",
                        "--web.admin.port=0",
                        "--gateway.admin.port=0",
                        "--redis.port=0",
                        "--data=" + folder);
                Part browser = Part.run(
                        "the browser",
                        List.of(
                                "node",
                                Part.ROOT
                                        .resolve("testing/browser/page.test.mjs")
                                        .toString(),
                                page(up),
                                "--screenshots",
                                Optional.ofNullable(System.getenv("WHIMBREL_SCREENSHOTS"))
                                        .orElse(folder.resolve("screenshots").toString())))) {
            int exitCode = browser.awaitEnd(LIMIT);

            assertThat(exitCode).as(browser::log).isZero();
            assertThat(browser.log()).contains("two tabs have two addresses and write to each other");
        }
    }

    private static String page(Part up) {
        return up.awaitInLog(Pattern.compile("page +(http://localhost:\\d+/)")).group(1);
    }
}
