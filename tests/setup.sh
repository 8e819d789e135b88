#!/usr/bin/env bash
# Installs what is missing, and only that. On Debian with apt as root; elsewhere it says what to install.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
source tests/rust-env.sh
command -v cargo >/dev/null || missing+=(rustc-web cargo-web)
command -v cc >/dev/null || missing+=(gcc libc6-dev)
command -v exiftool >/dev/null || missing+=(libimage-exiftool-perl)
command -v ffmpeg >/dev/null || missing+=(ffmpeg)
command -v node >/dev/null || missing+=(nodejs)
command -v npm >/dev/null || missing+=(npm)
command -v chromium >/dev/null || missing+=(chromium)
# Python, Kotlin and Swift walk the same journey. Swift's own script brings its compiler.
python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3 python3-venv)
command -v javac >/dev/null || missing+=(openjdk-17-jdk-headless)
command -v mvn >/dev/null || missing+=(maven)
# The core for browsers: SQLite's C needs a clang and its archiver. Without the Rust target for it, Debian's Rust brings the
# standard library as source.
any() { compgen -G "$1" >/dev/null; }
any '/usr/bin/clang-1[6-9]' || command -v clang >/dev/null || missing+=(clang-19)
any '/usr/bin/llvm-ar-1[6-9]' || command -v llvm-ar >/dev/null || missing+=(llvm-19)
if ! [ -d "$(rustc --print target-libdir --target wasm32-unknown-unknown 2>/dev/null)" ]; then
    any '/usr/src/rustc-*/library' && [ -x /usr/bin/cargo ] || missing+=(rustc-web cargo-web rust-web-src)
    command -v wasm-ld-19 >/dev/null || missing+=(lld-19)
fi

if [ ${#missing[@]} -gt 0 ]; then
    if ! command -v apt-get >/dev/null || [ "$(id -u)" -ne 0 ]; then
        echo "missing: ${missing[*]} (Debian's package names). Install Rust 1.90 or newer with the target wasm32-unknown-unknown, a C compiler, clang with llvm-ar, exiftool, ffmpeg, Chromium, Python 3.10 with venv, a JDK 17 with Maven, and Node.js 20.19 or newer." >&2
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

# Debian 12's Node.js is too old to build the pages; npm's own package of a newer one is not.
if ! node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'; then
    echo "installing Node.js 22 into target/node …"
    mkdir -p target/node
    npm install --no-audit --no-fund --no-save --prefix target/node node@22 >target/node/install.log 2>&1 || {
        cat target/node/install.log >&2
        exit 1
    }
fi
