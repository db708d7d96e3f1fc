package io.whimbrel.launcher;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;

/** Reads settings from where they can stand. A name nobody knows is a mistake, wherever it stands. */
final class SettingSources {
    /** Variables that are the launcher script's, not settings. */
    private static final Set<String> OTHER_VARIABLES = Set.of("WHIMBREL_JVM_OPTIONS");

    /** What Kubernetes and linked containers add for a service called whimbrel, or whimbrel-web: no settings, whatever their names. */
    private static final Pattern SERVICE_VARIABLE =
            Pattern.compile(".*_SERVICE_(HOST|PORT(_.+)?)|.*_PORT_\\d+_(TCP|UDP|SCTP)(_(ADDR|PORT|PROTO))?");

    private static final Pattern SERVICE_ADDRESS = Pattern.compile("(tcp|udp|sctp)://.*");

    private static final int MAX_FILE_BYTES = 1024 * 1024;

    private SettingSources() {}

    /** A YAML file, in which {@code web: {port: 1}} and {@code web.port: 1} are the same. */
    static Map<String, String> file(Path file) {
        Map<String, String> settings = new LinkedHashMap<>();
        Object root = load(file);
        switch (root) {
            case null -> {}
            case Map<?, ?> map -> flatten(file, "", map, settings);
            default ->
                throw new IllegalArgumentException("%s must hold settings such as web.port: 5000".formatted(file));
        }
        return settings;
    }

    static Map<String, String> environment(Map<String, String> environment) {
        Map<String, Setting> byVariable =
                SettingCatalog.ALL.stream().collect(Collectors.toMap(Setting::environmentName, setting -> setting));
        Map<String, String> settings = new LinkedHashMap<>();
        environment.forEach((variable, value) -> {
            if (isOfAService(variable, value)) {
                return;
            }
            Setting setting = byVariable.get(variable);
            if (setting != null) {
                settings.put(setting.name(), value);
            } else if (variable.startsWith(Setting.ENVIRONMENT_PREFIX) && !OTHER_VARIABLES.contains(variable)) {
                throw new IllegalArgumentException("The environment has %s, which is no setting%s"
                        .formatted(variable, nearest(variable, byVariable.keySet())));
            }
        });
        return settings;
    }

    private static boolean isOfAService(String variable, String value) {
        return SERVICE_VARIABLE.matcher(variable).matches()
                || (variable.endsWith("_PORT") && SERVICE_ADDRESS.matcher(value).matches());
    }

    private static Object load(Path file) {
        LoaderOptions options = new LoaderOptions();
        options.setAllowDuplicateKeys(false);
        options.setCodePointLimit(MAX_FILE_BYTES);
        try {
            return new Yaml(new SafeConstructor(options)).load(Files.readString(file));
        } catch (IOException e) {
            throw new IllegalArgumentException("The settings file %s cannot be read: %s".formatted(file, reason(e)), e);
        } catch (YAMLException e) {
            String where = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
            throw new IllegalArgumentException("The settings file %s is not YAML: %s".formatted(file, where), e);
        }
    }

    private static String reason(IOException e) {
        return e instanceof java.nio.file.NoSuchFileException ? "there is no such file" : e.toString();
    }

    private static void flatten(Path file, String prefix, Map<?, ?> map, Map<String, String> into) {
        map.forEach((key, value) -> {
            String name = prefix + key;
            if (value instanceof Map<?, ?> inner && !SettingCatalog.BY_NAME.containsKey(name)) {
                flatten(file, name + ".", inner, into);
                return;
            }
            if (!SettingCatalog.BY_NAME.containsKey(name)) {
                throw new IllegalArgumentException("%s has %s, which is no setting%s"
                        .formatted(file, name, nearest(name, SettingCatalog.BY_NAME.keySet())));
            }
            if (into.put(name, asText(file, name, value)) != null) {
                throw new IllegalArgumentException("%s has %s twice".formatted(file, name));
            }
        });
    }

    private static String asText(Path file, String name, Object value) {
        return switch (value) {
            case null -> "";
            case Map<?, ?> _ ->
                throw new IllegalArgumentException("%s has settings below %s, which has none".formatted(file, name));
            case Collection<?> items -> items.stream().map(String::valueOf).collect(Collectors.joining(","));
            default -> String.valueOf(value);
        };
    }

    /** Names the known one that differs least, where that is likely what was meant. */
    private static String nearest(String name, Collection<String> known) {
        return known.stream()
                .min(Comparator.comparingInt(candidate -> distance(name, candidate)))
                .filter(best -> distance(name, best) <= name.length() / 3)
                .map(" (is %s meant?)"::formatted)
                .orElse("");
    }

    /** How many letters must be put in, left out or changed to come from one to the other (Levenshtein). */
    private static int distance(String one, String other) {
        int[] row = IntStream.rangeClosed(0, other.length()).toArray();
        for (int i = 1; i <= one.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= other.length(); j++) {
                int change = diagonal + (one.charAt(i - 1) == other.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(change, Math.min(row[j], row[j - 1]) + 1);
            }
        }
        return row[other.length()];
    }
}
