package io.whimbrel.launcher;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** A command that reads the settings. */
abstract class SettingsCommand implements Callable<Integer> {
    /** Short names of settings one often gives. */
    private static final Map<String, String> SHORT = Map.of(
            "broker.redis.uri", "--redis",
            "broker.type", "--broker",
            "log.format", "--log-format",
            "data.folder", "--data");

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this.")
    boolean help;

    @Option(
            names = "--config",
            paramLabel = "<file>",
            description = "A YAML file with settings; the environment and flags win over it.")
    @Nullable
    Path config;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before anything else happens
    CommandSpec spec;

    static List<String> namesOf(Setting setting) {
        String name = SHORT.get(setting.name());
        return name == null ? List.of(setting.flag()) : List.of(name, setting.flag());
    }

    /** File, environment and flags, each over the one before. */
    Settings settings() {
        Map<String, String> given = new LinkedHashMap<>();
        if (config != null) {
            given.putAll(SettingSources.file(config));
        }
        given.putAll(SettingSources.environment(System.getenv()));
        for (Setting setting : SettingCatalog.ALL) {
            OptionSpec option = spec.findOption(setting.flag());
            @Nullable String value = option == null ? null : option.getValue();
            if (value != null) {
                given.put(setting.name(), value);
            }
        }
        return new Settings(given, Path.of(System.getProperty("whimbrel.home", "")));
    }
}
