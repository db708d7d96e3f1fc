package io.whimbrel.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.whimbrel.auth.Authenticator.Decision;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

class BasicAuthenticatorTest {
    private static final Decision DENIED = new Decision.Denied("Basic realm=\"whimbrel\", charset=\"UTF-8\"");
    private static final String ALICE = "alice:" + PasswordHash.of("wonderland", 1_000);

    private final FakeClock clock = new FakeClock();

    @TempDir
    private Path folder;

    @Test
    void knownUserWithItsPasswordIsGranted() {
        write("# our users", "", ALICE, "  bôb:" + PasswordHash.of("pass:word é", 2_000) + "  ");

        try (BasicAuthenticator authenticator = authenticator()) {
            assertThat(decide(authenticator, "alice", "wonderland")).isEqualTo(granted("alice"));
            assertThat(decide(authenticator, "bo\u0302b", "pass:word é")).isEqualTo(granted("bôb"));
        }
    }

    @Test
    void anybodyElseIsDenied() {
        write(ALICE, "bob:" + PasswordHash.of("builder", 1_000));

        try (BasicAuthenticator authenticator = authenticator()) {
            assertThat(decide(authenticator, "alice", "builder")).isEqualTo(DENIED);
            assertThat(decide(authenticator, "alice", "")).isEqualTo(DENIED);
            assertThat(decide(authenticator, "Alice", "wonderland")).isEqualTo(DENIED);
            for (String unknown : List.of("carol", "dave", "eve", "#", "mallory")) { // each meets one of the two hashes
                assertThat(decide(authenticator, unknown, "wonderland")).isEqualTo(DENIED);
                assertThat(decide(authenticator, unknown, "builder")).isEqualTo(DENIED);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "Basic",
                "Basic ",
                "Basic !!!!",
                "Basic YWxpY2U=", // alice
                "Basic OndvbmRlcmxhbmQ=", // :wonderland
                "Basic //79", // no UTF-8
                "Bearer YWxpY2U6d29uZGVybGFuZA==",
                "BasicYWxpY2U6d29uZGVybGFuZA==",
            })
    void headerThatSaysNothingIsDeniedAtOnce(String header) {
        write(ALICE);

        try (BasicAuthenticator authenticator = authenticator()) {
            assertThat(authenticator
                            .decide(Optional.of(header))
                            .toCompletableFuture()
                            .getNow(DENIED))
                    .isEqualTo(DENIED);
            assertThat(Answers.of(authenticator.decide(Optional.of("Basic " + "A".repeat(1_000_000)))))
                    .isEqualTo(DENIED);
            assertThat(Answers.of(authenticator.decide(Optional.empty()))).isEqualTo(DENIED);
        }
    }

    @Test
    void schemeIsReadInAnyCase() {
        write(ALICE);

        try (BasicAuthenticator authenticator = authenticator()) {
            assertThat(Answers.of(authenticator.decide(Optional.of("bAsIc YWxpY2U6d29uZGVybGFuZA=="))))
                    .isEqualTo(granted("alice"));
        }
    }

    @Test
    void unknownUserCostsWhatAKnownOneCosts() {
        write("alice:" + PasswordHash.of("wonderland", 400_000));

        try (BasicAuthenticator authenticator = authenticator()) {
            decide(authenticator, "alice", "wrong"); // classes are loaded
            long known = nanosFor(() -> decide(authenticator, "alice", "wrong"));
            long unknown = nanosFor(() -> decide(authenticator, "nobody", "wrong"));

            assertThat((double) unknown / known).isBetween(0.2, 5.0); // a name looked up only takes a thousandth
        }
    }

    @Test
    void tooManyChecksAtOnceAreAnsweredUnavailable() {
        write("alice:" + PasswordHash.of("wonderland", 200_000));

        try (BasicAuthenticator authenticator = new BasicAuthenticator(new BasicSettings(file(), 1, 2), clock)) {
            List<CompletionStage<Decision>> asked = IntStream.range(0, 10)
                    .mapToObj(_ -> authenticator.decide(header("alice", "wonderland")))
                    .toList();

            List<Decision> decisions = asked.stream().map(Answers::of).toList();
            assertThat(decisions).contains(granted("alice"));
            assertThat(decisions).contains(new Decision.Unavailable("auth-passwords is overloaded"));
        }
    }

    @Test
    void closingAnswersChecksThatWait() {
        write("alice:" + PasswordHash.of("wonderland", 200_000));
        BasicAuthenticator authenticator = new BasicAuthenticator(new BasicSettings(file(), 1, 10), clock);
        List<CompletionStage<Decision>> asked = IntStream.range(0, 5)
                .mapToObj(_ -> authenticator.decide(header("alice", "wonderland")))
                .toList();

        authenticator.close();

        assertThat(Answers.of(asked.getLast())).isEqualTo(new Decision.Unavailable("auth-passwords is closed"));
        assertThat(Answers.of(asked.getFirst())).isNotNull();
    }

    @Test
    void changedFileIsReadAgainWithinASecond() {
        write(ALICE);

        try (BasicAuthenticator authenticator = authenticator()) {
            write(ALICE, "bob:" + PasswordHash.of("builder", 1_000));
            assertThat(decide(authenticator, "bob", "builder"))
                    .as("before the second is over")
                    .isEqualTo(DENIED);

            clock.advance(Duration.ofSeconds(1));
            assertThat(decide(authenticator, "bob", "builder")).isEqualTo(granted("bob"));

            write("bob:" + PasswordHash.of("builder", 1_000));
            clock.advance(Duration.ofSeconds(1));
            assertThat(decide(authenticator, "alice", "wonderland")).isEqualTo(DENIED);
        }
    }

    @Test
    void brokenOrLostFileKeepsTheUsersAndIsLoggedOnce() throws IOException {
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        Logger logger = (Logger) LoggerFactory.getLogger(UsersFile.class);
        log.start();
        logger.addAppender(log);
        write(ALICE);

        try (BasicAuthenticator authenticator = authenticator()) {
            write(ALICE, "bob builder");
            for (int i = 0; i < 3; i++) {
                clock.advance(Duration.ofSeconds(1));
                assertThat(decide(authenticator, "alice", "wonderland")).isEqualTo(granted("alice"));
            }
            assertThat(log.list)
                    .singleElement()
                    .satisfies(event -> assertThat(event.getFormattedMessage())
                            .contains("auth.users-file: " + file() + ", line 2")
                            .doesNotContain("builder"));

            Files.delete(file());
            for (int i = 0; i < 3; i++) {
                clock.advance(Duration.ofSeconds(1));
                assertThat(decide(authenticator, "alice", "wonderland")).isEqualTo(granted("alice"));
            }
            assertThat(log.list).hasSize(2);
        } finally {
            logger.detachAppender(log);
        }
    }

    @Test
    void brokenFileStopsTheStartWithASentence() {
        refused("line 2 has no name", "# users", "no colon here");
        refused("line 1 has no name", ":" + PasswordHash.of("x", 1_000));
        refused("line 2 names a user a second time", ALICE, ALICE);
        refused("line 1 has an unusable password hash: not of the form", "alice:wonderland");
        refused("line 1 has an unusable password hash: 10 iterations", ALICE.replace("$1000$", "$10$"));
        assertThatThrownBy(() -> new BasicAuthenticator(
                        BasicSettings.withDefaults(folder.resolve("absent").toString()), clock))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("auth.users-file: " + folder.resolve("absent") + " cannot be read");
    }

    private void refused(String sentence, String... lines) {
        write(lines);

        assertThatThrownBy(this::authenticator)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("auth.users-file: " + file())
                .hasMessageContaining(sentence)
                .hasMessageNotContaining("wonderland");
    }

    /** The least of three, since what else the machine does only adds to it. */
    private static long nanosFor(Runnable work) {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 3; i++) {
            long start = System.nanoTime();
            work.run();
            least = Math.min(least, System.nanoTime() - start);
        }
        return least;
    }

    private BasicAuthenticator authenticator() {
        return new BasicAuthenticator(BasicSettings.withDefaults(file().toString()), clock);
    }

    private Path file() {
        return folder.resolve("users");
    }

    private void write(String... lines) {
        TestKeys.write(file(), String.join("\n", lines));
    }

    private static Decision granted(String name) {
        return new Decision.Granted(Optional.of(name));
    }

    private static Decision decide(BasicAuthenticator authenticator, String name, String password) {
        return Answers.of(authenticator.decide(header(name, password)));
    }

    private static Optional<String> header(String name, String password) {
        byte[] pair = (name + ":" + password).getBytes(StandardCharsets.UTF_8);
        return Optional.of("Basic " + Base64.getEncoder().encodeToString(pair));
    }
}
