#!/usr/bin/env bash
# The last line of `make test`: whether anything was skipped. Without the real photos, CI has failed.
set -euo pipefail
cd "$(dirname "$0")/.."
shared="${FIELDFOLIO_SHARED:-../shared}"
skipped=()
[ ! -f target/skipped ] || mapfile -t skipped <target/skipped
missing=0
if [ ! -d "$shared/data/photos" ]; then
    missing=1
    skipped+=("the real photos of FIELDFOLIO_SHARED ($shared/data/photos are not here)")
fi
if [ ${#skipped[@]} -eq 0 ]; then
    echo "make test: everything ran, 0 skipped"
else
    echo "make test: passed, but ${#skipped[@]} skipped:" >&2
    printf '  %s\n' "${skipped[@]}" >&2
fi
[ "$missing" = 0 ] || [ "${CI:-}" != "true" ]
