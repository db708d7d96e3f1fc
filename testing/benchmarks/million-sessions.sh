#!/usr/bin/env bash
# A million sessions in one JVM, once per garbage collector, as rows of a Markdown table.
# usage: million-sessions.sh ["FLAGS" ...]; by default the gateway's own choice, and the others. ARGUMENTS="--sessions 10000" goes to
# MillionSessions, whose class comment names its options; HEAP=4g is -Xmx.
set -euo pipefail
cd "$(dirname "$0")/../.."
. build/jdk.sh
find_java_25
jar=testing/benchmarks/target/benchmarks.jar
[ -f "$jar" ] || {
    echo "million-sessions: $jar is missing: mvn -B -ntp package -pl testing/benchmarks -am -DskipTests" >&2
    exit 1
}
[ $# -gt 0 ] || set -- "-XX:+UseSerialGC -Xmn8m" -XX:+UseParallelGC -XX:+UseG1GC -XX:+UseZGC

read -ra arguments <<<"${ARGUMENTS:-}"
head=yes
for choice in "$@"; do
    read -ra flags <<<"$choice"
    rows=$("$JAVA" --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow -XX:+UseCompactObjectHeaders \
        "-Xmx${HEAP:-4g}" "${flags[@]}" -cp "$jar" io.whimbrel.gateway.MillionSessions --row ${arguments[@]+"${arguments[@]}"})
    [ -z "$head" ] || sed -n 1,2p <<<"$rows"
    sed -n 3p <<<"$rows"
    head=
done
