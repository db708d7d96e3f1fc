package io.whimbrel.launcher;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "trace",
        description = "Shows which way messages took, and why they did not arrive.",
        subcommands = {TraceMessageCommand.class, TraceAddressCommand.class},
        synopsisSubcommandLabel = "(message | address)")
final class TraceCommand {
    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this.")
    boolean help;
}
