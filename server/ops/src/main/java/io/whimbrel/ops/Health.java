package io.whimbrel.ops;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Supplier;

/**
 * Whether a service can do its work now, as a list of named checks. Each check says what is wrong in words for the
 * operator, or nothing. Safe for any thread; checks must answer at once.
 */
public final class Health {
    private final Map<String, Supplier<Optional<String>>> checks = new ConcurrentSkipListMap<>();

    /** Adds or replaces a check. */
    public void check(String name, Supplier<Optional<String>> problem) {
        checks.put(name, problem);
    }

    /** What is wrong at the moment, by check; empty when the service is ready. */
    public Map<String, String> problems() {
        Map<String, String> problems = new LinkedHashMap<>();
        checks.forEach((name, check) -> check.get().ifPresent(problem -> problems.put(name, problem)));
        return problems;
    }

    /** The names of all checks, in alphabetical order. */
    public Iterable<String> names() {
        return checks.keySet();
    }
}
