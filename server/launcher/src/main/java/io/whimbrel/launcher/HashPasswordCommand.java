package io.whimbrel.launcher;

import io.whimbrel.auth.PasswordHash;
import java.io.BufferedReader;
import java.io.Console;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "hash-password",
        description = "Makes a line for auth.users-file; the password is asked for, or read from standard input.")
final class HashPasswordCommand implements Callable<Integer> {
    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this.")
    boolean help;

    @Parameters(paramLabel = "NAME", description = "The user's name.")
    String name = "";

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before anything else happens
    CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        if (name.isBlank() || name.contains(":") || name.startsWith("#")) {
            throw new StartException("A user's name may not be empty, begin with # or hold a colon");
        }
        String password = password();
        if (password.isEmpty()) {
            throw new StartException("The password may not be empty");
        }
        spec.commandLine().getOut().println(name + ":" + PasswordHash.of(password));
        spec.commandLine().getOut().flush();
        return 0;
    }

    private static String password() throws IOException {
        Optional<Console> terminal = Optional.ofNullable(System.console()).filter(Console::isTerminal);
        if (terminal.isPresent()) {
            char[] typed = terminal.get().readPassword("Password: ");
            return typed == null ? "" : new String(typed);
        }
        String line = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)).readLine();
        return line == null ? "" : line;
    }
}
