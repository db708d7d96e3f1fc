# Sourced by the scripts: finds a JDK 25 in JAVA_HOME, on the PATH and in the usual folders.
# Sets JAVA to its java command, or prints what to do and returns 1.

is_java_25() { # path of a java command
    [ -x "$1" ] && "$1" -version 2>&1 | head -n 1 | grep -qE '"25([."+-]|$)'
}

find_java_25() {
    local candidate
    for candidate in "${JAVA_HOME:+$JAVA_HOME/bin/java}" "$(command -v java || true)" \
        /usr/lib/jvm/*25*/bin/java /usr/java/*25*/bin/java /opt/*25*/bin/java /opt/java/openjdk/bin/java \
        "$HOME"/.sdkman/candidates/java/25*/bin/java "$HOME"/.jdks/*25*/bin/java \
        /Library/Java/JavaVirtualMachines/*25*/Contents/Home/bin/java /opt/homebrew/opt/openjdk@25/bin/java; do
        if is_java_25 "$candidate"; then
            JAVA=$candidate
            return 0
        fi
    done
    echo "Whimbrel needs a JDK 25 and found none in JAVA_HOME, on the PATH or in the usual folders:" \
        "install one (for example from https://adoptium.net) and set JAVA_HOME to it." >&2
    return 1
}
