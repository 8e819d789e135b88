#!/usr/bin/env bash
# Installs what is missing, and only that. On Debian with apt as root; elsewhere it says what to install.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
source tests/rust-env.sh
command -v cargo >/dev/null || missing+=(rustc-web cargo-web)
command -v cc >/dev/null || missing+=(gcc libc6-dev)
command -v exiftool >/dev/null || missing+=(libimage-exiftool-perl)
command -v node >/dev/null || missing+=(nodejs)
command -v npm >/dev/null || missing+=(npm)

if [ ${#missing[@]} -gt 0 ]; then
    if ! command -v apt-get >/dev/null || [ "$(id -u)" -ne 0 ]; then
        echo "missing: ${missing[*]} (Debian's package names). Install Rust 1.90 or newer, a C compiler, exiftool and Node.js 18 or newer." >&2
        exit 1
    fi
    export DEBIAN_FRONTEND=noninteractive
    echo "installing ${missing[*]} …"
    log=$(mktemp)
    { apt-get update && apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 || {
        cat "$log" >&2
        exit 1
    }
    rm -f "$log"
    source tests/rust-env.sh
fi

version=$(cargo --version | sed -E 's/cargo 1\.([0-9]+).*/\1/')
if [ "$version" -lt 90 ]; then
    echo "Rust 1.90 or newer is needed, this is $(cargo --version): update it (rustup update stable)" >&2
    exit 1
fi
