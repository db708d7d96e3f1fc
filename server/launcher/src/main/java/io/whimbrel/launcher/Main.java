package io.whimbrel.launcher;

import io.whimbrel.load.BenchException;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.OptionSpec;

/** The program {@code whimbrel}. Exit codes: 0 done, 1 could not start or failed, 2 called wrongly or set wrongly. */
@Command(
        name = "whimbrel",
        mixinStandardHelpOptions = true,
        version = "whimbrel 0.1.0-SNAPSHOT",
        description = "Realtime delivery: web server, WebSocket gateway, Redis between them.",
        subcommands = {
            UpCommand.class,
            WebCommand.class,
            GatewayCommand.class,
            RedisCommand.class,
            CheckConfigCommand.class,
            HashPasswordCommand.class,
            RevokeCommand.class,
            TraceCommand.class,
            BenchCommand.class,
            TrainCommand.class
        },
        synopsisSubcommandLabel = "COMMAND",
        footer = "%nEvery setting is a flag (--web.port 8000), a variable (WHIMBREL_WEB_PORT) and a line of the file"
                + " that --config names; `whimbrel check-config` lists them all.")
final class Main {
    private static final int WRONG = 2;

    private Main() {}

    public static void main(String[] arguments) {
        System.exit(commandLine(arguments).execute(arguments));
    }

    /** The settings become flags of the one command that is called: 60 flags times 5 commands would take half a second. */
    static CommandLine commandLine(String... arguments) {
        CommandLine root = new CommandLine(new Main());
        root.setExecutionStrategy(new CommandLine.RunLast());
        Arrays.stream(arguments)
                .map(root.getSubcommands()::get)
                .filter(Objects::nonNull)
                .findFirst()
                .ifPresent(Main::addSettings);
        root.setExecutionExceptionHandler((failure, command, _) -> {
            if (failure instanceof StartException
                    || failure instanceof BenchException
                    || failure instanceof IllegalArgumentException) {
                command.getErr().println("whimbrel: " + failure.getMessage());
                return failure instanceof IllegalArgumentException ? WRONG : 1;
            }
            throw failure;
        });
        root.setParameterExceptionHandler((failure, _) -> {
            failure.getCommandLine().getErr().println("whimbrel: " + failure.getMessage());
            return WRONG;
        });
        return root;
    }

    private static void addSettings(CommandLine command) {
        if (!(command.getCommand() instanceof SettingsCommand)) {
            return;
        }
        for (Setting setting : SettingCatalog.ALL) {
            List<String> names = SettingsCommand.namesOf(setting);
            command.getCommandSpec()
                    .addOption(OptionSpec.builder(names.toArray(String[]::new))
                            .type(String.class)
                            .arity("1")
                            .paramLabel("<" + setting.kind().name().toLowerCase(java.util.Locale.ROOT) + ">")
                            .description(setting.meaning().replace("%", "%%"))
                            .hidden(names.size() == 1)
                            .build());
        }
    }
}
