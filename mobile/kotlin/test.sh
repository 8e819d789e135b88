#!/usr/bin/env bash
# Compiles the Kotlin layer with the generated bindings, and walks the journey through it on this machine's JVM. Whatever
# follows the name is handed to Maven: -Dtest=JourneyTest.
#
# Before it: mobile/bindings.sh for the library and its bindings, and `cargo build -p fieldfolio-tests -p fieldfolio-server`
# for the stage. What Maven fetches stays in target/m2, what it makes in target/kotlin.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)

missing() {
    echo "$1" >&2
    exit 1
}
if ! command -v mvn >/dev/null; then missing "Maven is missing: apt-get install maven openjdk-17-jdk-headless"; fi
if ! command -v java >/dev/null; then missing "A JDK is missing: apt-get install openjdk-17-jdk-headless"; fi
java=$(java -XshowSettings:properties -version 2>&1 | sed -n 's/.*java.specification.version = //p')
if [ "${java%%.*}" -lt 17 ]; then missing "Java $java is too old: apt-get install openjdk-17-jdk-headless"; fi
stage=${FIELDFOLIO_STAGE:-$root/target/debug/fieldfolio-journey}
if [ ! -d "$root/target/phones/bindings/kotlin" ]; then missing "The bindings are missing: run mobile/bindings.sh"; fi
if [ ! -x "$stage" ]; then missing "There is no stage at $stage: build fieldfolio-tests and fieldfolio-server"; fi

# Everything is compiled anew: a class whose source has gone would be run all the same.
rm -rf "$root/target/kotlin"
log=$root/target/kotlin.log
if ! mvn -B -ntp -Dstyle.color=never -Dmaven.repo.local="$root/target/m2" test "$@" >"$log" 2>&1; then
    grep -vE '^\[INFO\]' "$log" | head -100 >&2
    grep -E 'Tests run:.*Skipped: [0-9]+$' "$log" | tail -1 >&2
    echo "all of it: $log" >&2
    exit 1
fi
grep -E '^Kotlin:' "$log" || true
grep -E 'Tests run:.*Skipped: [0-9]+$' "$log" | tail -1 | sed 's/^\[[A-Z]*\] //'
