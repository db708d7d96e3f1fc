package io.whimbrel.launcher;

import picocli.CommandLine.Command;

@Command(
        name = "check-config",
        description = "Prints the effective settings, secrets hidden, or what is wrong with them.",
        sortOptions = false)
final class CheckConfigCommand extends SettingsCommand {
    @Override
    public Integer call() {
        Settings settings = settings();
        SettingsCheck.run(settings);
        spec.commandLine().getOut().print(settings.describe());
        spec.commandLine().getOut().flush();
        return 0;
    }
}
