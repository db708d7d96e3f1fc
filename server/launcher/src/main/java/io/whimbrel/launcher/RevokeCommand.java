package io.whimbrel.launcher;

import io.vertx.core.json.JsonObject;
import io.whimbrel.model.Address;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "revoke",
        description =
                "Revokes a token, or all tokens of an address up to now: they are refused, their connections closed.",
        sortOptions = false)
final class RevokeCommand implements Callable<Integer> {
    private static final String STANDARD_INPUT = "-";

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this.")
    boolean help;

    @Parameters(paramLabel = "ADDRESS", arity = "0..1", description = "A client's address: all its tokens.")
    @Nullable
    String address;

    @Option(
            names = "--token-file",
            paramLabel = "<file>",
            description = "Holds one token, which would be seen on the command line; - is standard input.")
    @Nullable
    Path tokenFile;

    @Option(names = "--foreign", description = "The token is one of the original system, and is taken for one unseen.")
    boolean foreign;

    @Mixin
    BackendCalls backend = new BackendCalls();

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before anything else happens
    CommandSpec spec;

    @Override
    public Integer call() {
        if ((address == null) == (tokenFile == null)) {
            throw new IllegalArgumentException("name either an ADDRESS or a --token-file");
        }
        JsonObject answer =
                backend.post("/revoke", tokenFile == null ? ofAddress(String.valueOf(address)) : ofToken(tokenFile));
        PrintWriter out = spec.commandLine().getOut();
        out.println(said(answer));
        out.flush();
        return 0;
    }

    private String said(JsonObject answer) {
        if (answer.getBoolean("expired", false)) {
            return "Nothing to do: the token is expired";
        }
        if (answer.getBoolean("revoked", false)) {
            return "Nothing to do: the token is revoked already";
        }
        return "%s %s is revoked; this is remembered until %s"
                .formatted(
                        tokenFile == null || foreign ? "Every token of" : "A token of",
                        answer.getString("uuid"),
                        Instant.ofEpochSecond(answer.getLong("until", 0L)));
    }

    private JsonObject ofAddress(String text) {
        if (foreign) {
            throw new IllegalArgumentException("--foreign is said of a --token-file");
        }
        if (Address.parse(text).isEmpty()) {
            throw new IllegalArgumentException(
                    "what was named is no address; a token is read from a --token-file, since the command line shows"
                            + " it");
        }
        return new JsonObject().put("uuid", text);
    }

    private JsonObject ofToken(Path file) {
        String token;
        try {
            token = file.toString().equals(STANDARD_INPUT)
                    ? new String(System.in.readNBytes(64 * 1024), StandardCharsets.UTF_8).strip()
                    : Files.readString(file).strip();
        } catch (IOException e) {
            throw new IllegalArgumentException("--token-file %s cannot be read: %s".formatted(file, e), e);
        }
        if (token.isEmpty()) {
            throw new IllegalArgumentException("--token-file %s is empty".formatted(file));
        }
        JsonObject body = new JsonObject().put("token", token);
        return foreign ? body.put("foreign", true) : body;
    }
}
