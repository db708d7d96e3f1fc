package io.whimbrel.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/** One part of the system as a process of its own, started as its users start it: {@code java -jar whimbrel.jar …}. */
public final class Part implements AutoCloseable {
    public static final Path ROOT =
            Path.of(System.getProperty("whimbrel.root", ".")).toAbsolutePath();
    public static final Duration DEADLINE = Duration.ofSeconds(60);
    /** A child that outlives it may hold its pipe open, and then the log has no end. */
    private static final Duration LAST_LINES = Duration.ofSeconds(5);

    public static final Path JAR = ROOT.resolve("server/launcher/target/whimbrel.jar");
    private static final Path QUICK_STARTS = prepareQuickStarts();
    private static final Pattern PORT = Pattern.compile("(?:web server|gateway|Redis) on port (\\d+)");
    private static final Pattern ADMIN_PORT = Pattern.compile("admin port (\\d+)");

    private final String name;
    private final Process process;
    private final Thread reader;
    private final List<String> log = new CopyOnWriteArrayList<>();

    private Part(String name, List<String> command) throws IOException {
        this.name = name;
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().keySet().removeIf(variable -> variable.startsWith("WHIMBREL_"));
        process = builder.start();
        BufferedReader output = process.inputReader(StandardCharsets.UTF_8);
        // A read of a pipe holds its thread: virtual threads would run out of carriers.
        reader = Thread.ofPlatform().daemon().name("log of " + name).start(() -> readLog(output));
    }

    private void readLog(BufferedReader output) {
        try {
            for (String line; (line = output.readLine()) != null; ) {
                log.add(line);
            }
        } catch (IOException _) {
            // the process was killed, and its pipe closed with it
        }
    }

    /**
     * The script's cache of loaded classes, which it makes once per jar: with it a start takes half the CPU time. Of several JVMs that
     * run tests one makes it.
     */
    private static Path prepareQuickStarts() {
        try (FileChannel lock = FileChannel.open(
                        JAR.resolveSibling("quick-starts.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock _ = lock.lock()) {
            Process script = new ProcessBuilder(ROOT.resolve("whimbrel").toString(), "check-config")
                    .redirectErrorStream(true)
                    .start();
            String said = new String(script.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (script.waitFor() != 0) {
                throw new AssertionError("./whimbrel check-config failed; it said\n" + said);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted while ./whimbrel check-config ran", e);
        }
        return JAR.resolveSibling("whimbrel.aot");
    }

    public static Part start(String command, String... arguments) throws IOException {
        List<String> line = new ArrayList<>();
        line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        line.addAll(List.of(System.getProperty("whimbrel.jvm.flags", "").split(" ")));
        // Many of them run beside each other on few cores, and none for long.
        line.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:AOTCache=" + QUICK_STARTS));
        line.addAll(List.of("-jar", JAR.toString(), command));
        line.addAll(List.of(arguments));
        return new Part(command, line);
    }

    /** The same with classes that take the place of the jar's own. */
    public static Part startWith(Path classes, String command, String... arguments) throws IOException {
        List<String> line = new ArrayList<>();
        line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        line.addAll(List.of(System.getProperty("whimbrel.jvm.flags", "").split(" ")));
        line.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"));
        line.addAll(List.of("-cp", classes + File.pathSeparator + JAR, mainClass(), command));
        line.addAll(List.of(arguments));
        return new Part(command, line);
    }

    private static String mainClass() throws IOException {
        try (JarFile jar = new JarFile(JAR.toFile())) {
            return jar.getManifest().getMainAttributes().getValue(Attributes.Name.MAIN_CLASS);
        }
    }

    /** Any program, with the log kept all the same. */
    public static Part run(String name, List<String> command) throws IOException {
        return new Part(name, command);
    }

    /** The port it says it listens on, once it says so. */
    int port() {
        return Integer.parseInt(awaitInLog(PORT).group(1));
    }

    int adminPort() {
        return Integer.parseInt(awaitInLog(ADMIN_PORT).group(1));
    }

    public Matcher awaitInLog(Pattern pattern) {
        Optional<Matcher> said = find(pattern);
        try {
            return said.orElseGet(() -> Awaitility.await()
                    .atMost(DEADLINE)
                    .until(() -> find(pattern), Optional::isPresent)
                    .orElseThrow());
        } catch (ConditionTimeoutException e) {
            throw new AssertionError("%s never said %s, but%n%s".formatted(name, pattern, log()), e);
        }
    }

    private Optional<Matcher> find(Pattern pattern) {
        return log.stream().map(pattern::matcher).filter(Matcher::find).findFirst();
    }

    public void awaitReadiness(int status) {
        int port = adminPort();
        Awaitility.await()
                .atMost(DEADLINE)
                .untilAsserted(() -> assertThat(Client.status(port, "/health/ready"))
                        .as(() -> "readiness of " + name + ", which said\n" + log())
                        .isEqualTo(status));
    }

    public String log() {
        return String.join("\n", log);
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    public long pid() {
        return process.pid();
    }

    public void signal(String signal) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid()))
                .start()
                .waitFor();
    }

    public void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /** Waits for its end, and until the log has its last lines; answers the exit code. */
    public int awaitEnd(Duration atMost) throws InterruptedException {
        if (!process.waitFor(atMost.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new AssertionError("%s did not end within %s; it said%n%s".formatted(name, atMost, log()));
        }
        var _ = reader.join(LAST_LINES);
        return process.exitValue();
    }

    /** Stops in order. */
    @Override
    public void close() throws InterruptedException {
        process.destroy();
        if (!process.waitFor(DEADLINE.toMillis(), TimeUnit.MILLISECONDS)) {
            process.destroyForcibly().waitFor();
            throw new AssertionError("%s did not stop in order; it said%n%s".formatted(name, log()));
        }
    }
}
