package io.whimbrel.launcher;

import java.util.Locale;

/**
 * One thing that can be set. Its name is the same in the file, as a flag and, written in capitals, in the environment.
 *
 * @param defaultText as one would write it in the file
 * @param secret never printed
 */
record Setting(String name, Kind kind, String defaultText, boolean secret, String meaning) {
    /** How the text of a value is read. */
    enum Kind {
        TEXT,
        /** Texts with commas between them, in the file also as a list. */
        LIST,
        NUMBER,
        /** A number from 0 to 1. */
        SHARE,
        /** {@code 300ms}, {@code 8s}, {@code 10m}, {@code 24h}; without a unit seconds. */
        DURATION,
        /** {@code true} or {@code false}. */
        SWITCH
    }

    static final String ENVIRONMENT_PREFIX = "WHIMBREL_";

    String flag() {
        return "--" + name;
    }

    /** {@code web.api-keys} is {@code WHIMBREL_WEB_API_KEYS}. */
    String environmentName() {
        return ENVIRONMENT_PREFIX + name.replace('.', '_').replace('-', '_').toUpperCase(Locale.ROOT);
    }
}
