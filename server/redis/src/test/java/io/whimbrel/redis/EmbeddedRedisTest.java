package io.whimbrel.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedRedisTest {
    private static final Duration SOON = Duration.ofSeconds(10);

    @TempDir
    Path temp;

    private Path folder;

    @BeforeEach
    void nameTheFolder() throws Exception {
        folder = temp.toRealPath().resolve("data of \"Zoë\"").resolve("redis");
    }

    @AfterEach
    void nothingRunsOn() {
        List<ProcessHandle> left = running();
        left.forEach(ProcessHandle::destroyForcibly);

        assertThat(left).isEmpty();
    }

    @Test
    void answersAsSoonAsStartReturns() throws Exception {
        try (EmbeddedRedis redis = EmbeddedRedis.start(anyPort())) {
            assertThat(Resp.ask(redis.port(), "PING")).isEqualTo("+PONG");
            assertThat(redis.uri()).isEqualTo("redis://127.0.0.1:" + redis.port());
            assertThat(redis.outage()).isEmpty();
            assertThat(running()).extracting(ProcessHandle::pid).containsExactly(redis.pid());
        }
    }

    @Test
    void everythingLiesInAFolderForItsOwnerAlone() throws Exception {
        try (EmbeddedRedis redis = EmbeddedRedis.start(anyPort())) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder)))
                    .isEqualTo("rwx------");
            assertThat(Resp.ask(redis.port(), "CONFIG GET dir")).isEqualTo("dir " + folder);
            assertThat(Resp.ask(redis.port(), "CONFIG GET bind")).isEqualTo("bind 127.0.0.1 -::1");
            assertThat(Resp.ask(redis.port(), "CONFIG GET appendonly")).isEqualTo("appendonly yes");
            assertThat(Resp.ask(redis.port(), "CONFIG GET appendfsync")).isEqualTo("appendfsync everysec");
        }
    }

    @Test
    void runsInASessionOfItsOwn() throws Exception {
        try (EmbeddedRedis redis = EmbeddedRedis.start(anyPort())) {
            assertThat(sessionOf(redis.pid()))
                    .isEqualTo(redis.pid())
                    .isNotEqualTo(sessionOf(ProcessHandle.current().pid()));
        }
    }

    @Test
    void perlMakesASessionWhereSetsidIsMissing() throws Exception {
        Path bin = Files.createDirectory(temp.resolve("bin"));
        Files.createSymbolicLink(bin.resolve("perl"), Path.of("/usr/bin/perl"));

        Process process =
                new ProcessBuilder(OwnSession.wrap(OwnSession.prefix(bin.toString()), List.of("sleep", "30"))).start();

        try {
            await().atMost(SOON).until(() -> sessionOf(process.pid()) == process.pid());
            await().atMost(SOON).until(() -> process.info().command().orElse("").contains("sleep"));
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void withoutAnyToolTheCommandIsRunAsItIs() {
        assertThat(OwnSession.prefix(temp.toString())).isEmpty();
        assertThat(OwnSession.prefix("")).isEmpty();
    }

    @Test
    void isStartedAgainOnTheSamePortWithItsData() throws Exception {
        try (EmbeddedRedis redis = EmbeddedRedis.start(anyPort())) {
            long firstPid = redis.pid();
            Resp.ask(redis.port(), "SET bird whimbrel");
            Resp.ask(redis.port(), "SAVE");

            signal("KILL", firstPid);
            await().atMost(SOON)
                    .until(() -> redis.restarts() == 1 && redis.outage().isEmpty());

            assertThat(redis.pid()).isNotEqualTo(firstPid);
            assertThat(Resp.ask(redis.port(), "GET bird")).isEqualTo("whimbrel");
        }
    }

    @Test
    void tellsOfAnOutageWhileItCannotBeStartedAndComesBackAfterwards() throws Exception {
        try (EmbeddedRedis redis = EmbeddedRedis.start(anyPort())) {
            Path program = folder.resolve(RedisBinary.nameForThisMachine());
            Path aside = folder.resolve("aside");

            Files.move(program, aside);
            signal("KILL", redis.pid());
            await().atMost(SOON).until(() -> redis.outage().orElse("").contains("ended at once with exit code 127"));
            long restartsMeanwhile = redis.restarts();
            Files.move(aside, program);

            await().atMost(SOON).until(() -> redis.outage().isEmpty());
            assertThat(restartsMeanwhile).isZero();
            assertThat(redis.restarts()).isEqualTo(1);
            assertThat(Resp.ask(redis.port(), "PING")).isEqualTo("+PONG");
        }
    }

    @Test
    void savesItsDataWhenStoppedAndHasItWhenStartedAgain() throws Exception {
        EmbeddedRedis first = EmbeddedRedis.start(anyPort());
        Resp.ask(first.port(), "SET bird whimbrel");

        first.stop();
        first.stop();

        assertThat(running()).isEmpty();
        assertThat(folder.resolve("redis.pid")).doesNotExist();
        try (EmbeddedRedis second = EmbeddedRedis.start(anyPort())) {
            assertThat(Resp.ask(second.port(), "GET bird")).isEqualTo("whimbrel");
        }
    }

    @Test
    void isKilledWhenItDoesNotStopInTime() throws Exception {
        EmbeddedRedis redis = EmbeddedRedis.start(anyPort().withStopTimeout(Duration.ofMillis(200)));
        signal("STOP", redis.pid());

        redis.stop();

        assertThat(running()).isEmpty();
    }

    @Test
    void canBeStoppedWhileItIsBeingRestarted() throws Exception {
        EmbeddedRedis redis = EmbeddedRedis.start(anyPort());
        signal("KILL", redis.pid());
        await().atMost(SOON).until(() -> redis.outage().isPresent());

        redis.stop();

        assertThat(running()).isEmpty();
    }

    @Test
    void stopNowOnlySignalsAndIsNotTakenForADeath() throws Exception {
        EmbeddedRedis redis = EmbeddedRedis.start(anyPort());
        Resp.ask(redis.port(), "SET bird whimbrel");

        redis.stopNow();
        await().atMost(SOON).until(() -> running().isEmpty());
        redis.stop();

        assertThat(redis.restarts()).isZero();
        assertThat(redis.outage()).isEmpty();
        try (EmbeddedRedis second = EmbeddedRedis.start(anyPort())) {
            assertThat(Resp.ask(second.port(), "GET bird")).isEqualTo("whimbrel");
        }
    }

    @Test
    void hasWhatItAnsweredWhenItWasKilled() throws Exception {
        try (EmbeddedRedis redis = EmbeddedRedis.start(anyPort())) {
            Resp.ask(redis.port(), "SET bird whimbrel");

            signal("KILL", redis.pid());

            await().atMost(SOON)
                    .until(() -> redis.restarts() == 1 && redis.outage().isEmpty());
            assertThat(Resp.ask(redis.port(), "GET bird")).isEqualTo("whimbrel");
        }
    }

    @Test
    void aLeftoverOfAKilledLauncherIsStoppedInOrderAndItsDataKept() throws Exception {
        int port;
        try (RedisFolder abandoned = RedisFolder.open(folder)) {
            port = freePort();
            RedisProcess leftover = RedisProcess.launch(
                    OwnSession.prefix(), RedisBinary.extractTo(abandoned.path()), anyPort(), abandoned, port);
            leftover.awaitReady(SOON);
            Resp.ask(port, "SET bird whimbrel");
        }
        assertThat(running()).hasSize(1);

        try (EmbeddedRedis redis = EmbeddedRedis.start(anyPort().withPort(port))) {
            assertThat(running()).extracting(ProcessHandle::pid).containsExactly(redis.pid());
            assertThat(redis.port()).isEqualTo(port);
            assertThat(Resp.ask(port, "GET bird")).isEqualTo("whimbrel");
        }
    }

    @Test
    void aPidFileThatNamesSomebodyElseHarmsNobody() throws Exception {
        Process bystander = new ProcessBuilder("sleep", "60").start();
        Files.createDirectories(folder);
        Files.writeString(folder.resolve("redis.pid"), bystander.pid() + "\n");

        try (EmbeddedRedis redis = EmbeddedRedis.start(anyPort())) {
            assertThat(bystander.isAlive()).isTrue();
            assertThat(Resp.ask(redis.port(), "PING")).isEqualTo("+PONG");
        } finally {
            bystander.destroyForcibly();
        }
    }

    @Test
    void aTakenPortIsAnErrorThatSaysWhatToDo() throws Exception {
        try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            EmbeddedRedisSettings settings = anyPort().withPort(other.getLocalPort());

            assertThatThrownBy(() -> EmbeddedRedis.start(settings))
                    .isInstanceOf(PortTakenException.class)
                    .hasMessageContaining("Port " + other.getLocalPort())
                    .hasMessageContaining("redis.port");
        }
    }

    @Test
    void anotherPortIsTakenWhereAllowedEvenIfAnotherRedisAnswersOnTheWantedOne() throws Exception {
        EmbeddedRedisSettings elsewhere =
                EmbeddedRedisSettings.in(temp.resolve("other")).withPort(0);
        try (EmbeddedRedis other = EmbeddedRedis.start(elsewhere);
                EmbeddedRedis redis =
                        EmbeddedRedis.start(anyPort().withPort(other.port()).withOtherPortWhenTaken())) {
            assertThat(redis.port()).isNotEqualTo(other.port());
            assertThat(Resp.ask(redis.port(), "CONFIG GET dir")).isEqualTo("dir " + folder);
        }
    }

    @Test
    void aSecondInstanceOnTheFolderIsRefusedAndTheFirstOneStaysLocked() throws Exception {
        try (EmbeddedRedis first = EmbeddedRedis.start(anyPort())) {
            for (int attempt = 0; attempt < 2; attempt++) {
                assertThatThrownBy(() -> EmbeddedRedis.start(anyPort()))
                        .isInstanceOf(EmbeddedRedisException.class)
                        .hasMessageContaining("is used by another running whimbrel");
            }

            assertThat(first.outage()).isEmpty();
            assertThat(lockedForOtherProcesses()).isTrue();
        }
        assertThat(lockedForOtherProcesses()).isFalse();
    }

    @Test
    void theOperatorsConfigurationIsHonoured() throws Exception {
        int port = freePort();
        Path file = Files.writeString(
                temp.resolve("redis.conf"), "bind 127.0.0.1\nport %d\nmaxmemory 7mb\ndaemonize yes\n".formatted(port));

        try (EmbeddedRedis redis = EmbeddedRedis.start(
                anyPort().withConfigFile(file).withPort(EmbeddedRedisSettings.PORT_OF_CONFIG_FILE))) {
            assertThat(redis.port()).isEqualTo(port);
            assertThat(Resp.ask(port, "CONFIG GET maxmemory")).isEqualTo("maxmemory 7340032");
            assertThat(Resp.ask(port, "CONFIG GET dir")).isEqualTo("dir " + folder);
        }
        try (EmbeddedRedis redis = EmbeddedRedis.start(anyPort().withConfigFile(file))) {
            assertThat(redis.port()).isNotEqualTo(port);
        }
    }

    @Test
    void aConfigurationRedisRefusesIsToldInItsOwnWords() throws Exception {
        Path file = Files.writeString(temp.resolve("redis.conf"), "wingspan 80cm\n");

        assertThatThrownBy(() -> EmbeddedRedis.start(anyPort().withConfigFile(file)))
                .isInstanceOf(EmbeddedRedisException.class)
                .hasMessageContaining("wingspan 80cm");
    }

    @Test
    void oneThatDoesNotAnswerInTimeIsEndedAndSaid() throws Exception {
        Path file = Files.writeString(temp.resolve("redis.conf"), "bind 127.0.0.2\n");
        EmbeddedRedisSettings settings = anyPort().withConfigFile(file).withStartTimeout(Duration.ofSeconds(3));

        assertThatThrownBy(() -> EmbeddedRedis.start(settings))
                .isInstanceOf(EmbeddedRedisException.class)
                .hasMessageContaining("did not answer on 127.0.0.1:")
                .hasMessageContaining("Ready to accept connections");
        assertThat(running()).isEmpty();
    }

    @Test
    void oneThatLoadsForLongIsWaitedFor() throws Exception {
        Path file = Files.writeString(temp.resolve("redis.conf"), "appendonly yes\nsave \"\"\nkey-load-delay 100\n");
        EmbeddedRedisSettings settings = anyPort().withConfigFile(file).withStartTimeout(Duration.ofSeconds(1));
        try (EmbeddedRedis redis = EmbeddedRedis.start(settings)) {
            for (int i = 0; i < 20; i++) { // so that nothing is held up for long
                Resp.ask(redis.port(), "EVAL \"for i = 1, 1000 do redis.call('RPUSH', 'list', i) end\" 0");
            }
        }

        long start = System.nanoTime();
        try (EmbeddedRedis again = EmbeddedRedis.start(settings)) {
            assertThat(Resp.ask(again.port(), "LLEN list")).isEqualTo(":20000");
        }
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofMillis(1_500));
    }

    private EmbeddedRedisSettings anyPort() {
        return EmbeddedRedisSettings.in(folder).withPort(0);
    }

    private List<ProcessHandle> running() {
        return ProcessHandle.allProcesses()
                .filter(it -> it.info().command().orElse("").startsWith(folder.toString()))
                .toList();
    }

    private boolean lockedForOtherProcesses() throws Exception {
        Process other = new ProcessBuilder(
                        "perl",
                        "-MFcntl",
                        "-e",
                        // struct flock of Linux on 64 bit: type, whence, start, length, pid
                        "open(F, '+<', $ARGV[0]) or die; my $l = pack('s s x4 q q i x4', F_WRLCK, 0, 0, 0, 0);"
                                + "exit(fcntl(F, F_SETLK, $l) ? 0 : 3)",
                        folder.resolve("lock").toString())
                .start();
        assertThat(other.waitFor(10, TimeUnit.SECONDS)).isTrue();
        return other.exitValue() == 3;
    }

    private static int freePort() throws Exception {
        try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return probe.getLocalPort();
        }
    }

    private static void signal(String name, long pid) throws Exception {
        Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(pid)).start();
        assertThat(kill.waitFor(10, TimeUnit.SECONDS)).isTrue();
        assertThat(kill.exitValue()).isZero();
    }

    /** Field 6 of /proc/PID/stat; the second one, in parentheses, may hold blanks. */
    private static long sessionOf(long pid) throws Exception {
        String stat = Files.readString(Path.of("/proc/%d/stat".formatted(pid)));
        return Long.parseLong(stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1)[3]);
    }
}
