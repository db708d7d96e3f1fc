#!/usr/bin/env bash
# Formats every Java file; with --check changes nothing and fails where a file is not formatted.
set -euo pipefail
cd "$(dirname "$0")/.."
. build/jdk.sh
find_java_25

classpath_file=build/format/target/classpath
if [ ! -f "$classpath_file" ] || [ build/format/pom.xml -nt "$classpath_file" ]; then
    mvn -B -q -f build/format/pom.xml dependency:build-classpath -Dmdep.outputFile=target/classpath
fi

mode=(--replace)
[ "${1:-}" = --check ] && mode=(--dry-run --set-exit-if-changed)

exports=()
for package in api code file main parser tree util; do
    exports+=("--add-exports=jdk.compiler/com.sun.tools.javac.$package=ALL-UNNAMED")
done
git ls-files -z --cached --others --exclude-standard -- '*.java' | xargs -0 --no-run-if-empty \
    "$JAVA" -XX:TieredStopAtLevel=1 "${exports[@]}" -cp "$(cat "$classpath_file")" com.palantir.javaformat.java.Main --palantir "${mode[@]}" || {
    echo "The files named above are not formatted: run build/format.sh" >&2
    exit 1
}
