#!/usr/bin/env bash
# Tests the Swift layer: with the Swift of this machine; else, on a Debian machine and as root, with Debian's own, which is put
# into target/swift (SWIFT_ROOT names another place); else not at all, and says so, here and at the end of `make test`.
# `mobile/bindings.sh` and a build of the workspace's programs come first. Whatever follows the name is handed to
# `swift test`: --filter JourneyTests.
set -euo pipefail
cd "$(dirname "$0")/../.."
repository=$(pwd -P)
native=$repository/target/phones/native
root=${SWIFT_ROOT:-$repository/target/swift}
shared=${FIELDFOLIO_SHARED:-$repository/../shared}
log=$repository/target/swift-test.log

skip() {
    echo "Swift: SKIPPED, $1" >&2
    mkdir -p target && echo "the tests in Swift ($1)" >>target/skipped
    exit "${2:-0}"
}
# In CI only want of room is no failure.
unable=0
if [ "${CI:-}" = true ]; then unable=1; fi

variables=(FIELDFOLIO_STAGE="$repository/target/debug/fieldfolio-journey")
[ -z "${FIELDFOLIO_BENCH:-}" ] || variables+=(FIELDFOLIO_BENCH="$FIELDFOLIO_BENCH")
linker=()
if [ "$(uname -s)" = Linux ]; then
    variables+=(LD_LIBRARY_PATH="$native")
    # Swift 6.0's Observation for Linux wants a symbol that no library has and nothing calls.
    linker=(-Xlinker "-L$native" -Xlinker --allow-shlib-undefined)
fi
binds=(-b "$repository")
if [ -d "$shared" ]; then
    shared=$(cd "$shared" && pwd -P)
    binds+=(-b "$shared")
    variables+=(FIELDFOLIO_SHARED="$shared")
fi

if command -v swift >/dev/null; then
    inside=(env)
elif [ -f /etc/debian_version ] && [ "$(id -u)" = 0 ] && unshare --mount --propagation private true 2>/dev/null; then
    if [ ! -f "$root/.complete" ]; then
        status=0
        "$repository/mobile/swift/toolchain.sh" "$root" || status=$?
        [ "$status" -ne 75 ] || skip "there is no room for a compiler in $root" 0
        [ "$status" -eq 0 ] || exit "$status"
    fi
    inside=("$repository/mobile/swift/in.sh" "${binds[@]}")
    for variable in "${variables[@]}"; do inside+=(-e "$variable"); done
    inside+=("$root" "$repository")
    variables=()
else
    skip "no Swift compiler is here, and this is no Debian machine on which one may be put into $root" "$unable"
fi
if [ "$(uname -s)" = Darwin ] && [ ! -d mobile/swift/Fieldfolio.xcframework ]; then
    skip "mobile/swift/Fieldfolio.xcframework is not here: make xcframework" "$unable"
fi

mobile/swift/prepare.sh
# What is built for another place is not looked at here.
set +e
"${inside[@]}" "${variables[@]}" swift test --disable-xctest --package-path mobile/swift --scratch-path target/swift-build \
    ${linker[@]+"${linker[@]}"} "$@" >"$log" 2>&1
status=$?
set -e
if [ "$status" -ne 0 ]; then
    cat "$log"
    echo "Swift: FAILED" >&2
    exit "$status"
fi
grep -E '^(✔|SKIPPED|Swift:)' "$log"
