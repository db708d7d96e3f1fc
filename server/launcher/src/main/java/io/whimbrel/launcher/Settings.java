package io.whimbrel.launcher;

import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The effective settings: what the file says, over it the environment, over it the flags. Values stay texts until a
 * component asks for them; a text that cannot be read is an {@link IllegalArgumentException} naming it.
 */
final class Settings {
    private static final Pattern FRACTION = Pattern.compile("0(\\.[0-9]{1,9})?|1(\\.0{1,9})?");
    private static final Pattern DURATION = Pattern.compile("(\\d{1,9})\\s*(ms|s|m|h|d)?");

    private final Map<String, String> given;
    private final Path home;

    /**
     * @param given by name; names are known ones
     * @param home what {@code data.folder} is relative to
     */
    Settings(Map<String, String> given, Path home) {
        this.given = Map.copyOf(given);
        this.home = home;
    }

    /** The same, where these are not given; for commands whose defaults differ. */
    Settings withDefaults(Map<String, String> other) {
        Map<String, String> merged = new LinkedHashMap<>(other);
        merged.putAll(given);
        return new Settings(merged, home);
    }

    /** The same with one value replaced. */
    Settings with(String name, String value) {
        Map<String, String> changed = new LinkedHashMap<>(given);
        changed.put(name, value);
        return new Settings(changed, home);
    }

    boolean isGiven(String name) {
        return given.containsKey(name);
    }

    String text(String name) {
        return given.getOrDefault(name, setting(name).defaultText());
    }

    int number(String name) {
        return number(name, 0, Integer.MAX_VALUE);
    }

    int number(String name, int least, int most) {
        return Math.toIntExact(bigNumber(name, least, most));
    }

    long bigNumber(String name, long least, long most) {
        String text = text(name);
        try {
            long value = Long.parseLong(text.strip());
            if (value >= least && value <= most) {
                return value;
            }
        } catch (NumberFormatException _) {
            // told below, as is a number out of range
        }
        String range = most == Integer.MAX_VALUE || most == Long.MAX_VALUE ? least + " or more" : least + " to " + most;
        throw impossible(name, "a whole number, " + range);
    }

    /** A decimal number from 0 to 1. */
    double share(String name) {
        String text = text(name).strip();
        if (FRACTION.matcher(text).matches()) {
            return Double.parseDouble(text);
        }
        throw impossible(name, "a number from 0 to 1");
    }

    Duration duration(String name) {
        return time(text(name)).orElseThrow(() -> impossible(name, "a time such as 300ms, 8s, 10m or 24h"));
    }

    /** A number with a unit, seconds without one; empty where it is none. */
    static Optional<Duration> time(String text) {
        Matcher matcher = DURATION.matcher(text.strip());
        if (!matcher.matches()) {
            return Optional.empty();
        }
        long count = Long.parseLong(matcher.group(1));
        return Optional.of(
                switch (Objects.requireNonNullElse(matcher.group(2), "s")) {
                    case "ms" -> Duration.ofMillis(count);
                    case "m" -> Duration.ofMinutes(count);
                    case "h" -> Duration.ofHours(count);
                    case "d" -> Duration.ofDays(count);
                    default -> Duration.ofSeconds(count);
                });
    }

    boolean isOn(String name) {
        return oneOf(name, "true", "false").equals("true");
    }

    /** The value, which must be one of these. */
    String oneOf(String name, String... allowed) {
        String text = text(name).strip();
        if (!List.of(allowed).contains(text)) {
            throw impossible(name, "one of " + String.join(", ", allowed));
        }
        return text;
    }

    List<String> list(String name) {
        return Stream.of(text(name).split(",", -1))
                .map(String::strip)
                .filter(item -> !item.isEmpty())
                .toList();
    }

    Path dataFolder() {
        return home.resolve(text("data.folder")).toAbsolutePath().normalize();
    }

    /** One line a setting, as the file has them; secrets are hidden. */
    String describe() {
        StringBuilder lines = new StringBuilder();
        for (Setting setting : SettingCatalog.ALL) {
            String value = text(setting.name());
            String shown = setting.secret() && !value.isEmpty() ? "(hidden)" : quoted(withoutCredentials(value));
            lines.append("%s: %s%s%n".formatted(setting.name(), shown, isGiven(setting.name()) ? "" : "   # default"));
        }
        return lines.toString();
    }

    /** Of a URI. */
    private static String withoutCredentials(String value) {
        return value.replaceFirst("://.*@", "://(hidden)@");
    }

    private static String quoted(String value) {
        boolean plain = value.matches("[A-Za-z0-9./_-]+");
        return plain ? value : "\"" + value.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
    }

    private IllegalArgumentException impossible(String name, String range) {
        String shown = setting(name).secret() ? "(hidden)" : "\"" + text(name) + "\"";
        return new IllegalArgumentException("%s is %s, but must be %s".formatted(name, shown, range));
    }

    private static Setting setting(String name) {
        return Objects.requireNonNull(SettingCatalog.BY_NAME.get(name), name);
    }
}
