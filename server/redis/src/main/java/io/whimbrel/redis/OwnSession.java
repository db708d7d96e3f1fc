package io.whimbrel.redis;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts a command into a session of its own, away from the terminal, whose Ctrl-C would otherwise end Redis before those
 * who still need it. A child of the JVM leads no process group, so both tools replace themselves with the command and
 * its pid stays that of our child.
 */
final class OwnSession {
    private static final Logger log = LoggerFactory.getLogger(OwnSession.class);

    private OwnSession() {}

    static List<String> prefix() {
        return prefix(Optional.ofNullable(System.getenv("PATH")).orElse(""));
    }

    static List<String> prefix(String searchPath) {
        Optional<String> setsid = find("setsid", searchPath);
        if (setsid.isPresent()) {
            return List.of(setsid.get());
        }
        Optional<String> perl = find("perl", searchPath);
        if (perl.isPresent()) {
            return List.of(perl.get(), "-MPOSIX", "-e", "POSIX::setsid(); exec { $ARGV[0] } @ARGV or die \"$!\\n\"");
        }
        log.warn("Neither setsid nor perl is installed: Redis stays in this terminal's session, and Ctrl-C ends it"
                + " first");
        return List.of();
    }

    static List<String> wrap(List<String> prefix, List<String> command) {
        List<String> wrapped = new ArrayList<>(prefix);
        wrapped.addAll(command);
        return List.copyOf(wrapped);
    }

    private static Optional<String> find(String program, String searchPath) {
        for (String folder : searchPath.split(Pattern.quote(File.pathSeparator), -1)) {
            Path candidate = Path.of(folder, program);
            if (candidate.isAbsolute() && Files.isExecutable(candidate)) {
                return Optional.of(candidate.toString());
            }
        }
        return Optional.empty();
    }
}
