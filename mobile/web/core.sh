#!/usr/bin/env bash
# Compiles the core to WebAssembly, into mobile/web/src/core/pkg. With the Rust that is installed if it has the target
# (`rustup target add wasm32-unknown-unknown`), else with Debian's, whose standard library comes as source. Nothing is
# downloaded but crates.
set -euo pipefail
cd "$(dirname "$0")/../.."
source tests/rust-env.sh

target=wasm32-unknown-unknown
out=mobile/web/src/core/pkg
options=(--locked --profile web -p fieldfolio-web --lib --target "$target" --target-dir target/web)

# SQLite's C needs a clang and an archiver that know the target; any version from 14 on does.
newest() { for name in "$@"; do command -v "$name" && return; done; return 1; }
export CC_wasm32_unknown_unknown=${CC_wasm32_unknown_unknown:-$(newest clang-19 clang-18 clang-17 clang-16 clang)}
export AR_wasm32_unknown_unknown=${AR_wasm32_unknown_unknown:-$(newest llvm-ar-19 llvm-ar-18 llvm-ar-17 llvm-ar-16 llvm-ar)}

# SQLite without what nothing here asks of it: full-text search, trees of rectangles, sessions and the like weigh as much
# as the pages.
unused=(FTS5 RTREE SESSION PREUPDATE_HOOK MATH_FUNCTIONS DBSTAT_VTAB DBPAGE_VTAB BYTECODE_VTAB STMTVTAB OFFSET_SQL_FUNC UNLOCK_NOTIFY)
export SQLITE_WASM_RS_FLAGS="${unused[*]/#/-USQLITE_ENABLE_}"

# Every browser that has a private file system for workers has these instructions, too; photos shrink faster by them.
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="-C target-feature=+simd128"

if [ -d "$(rustc --print target-libdir --target "$target" 2>/dev/null)" ]; then
    cargo build "${options[@]}"
else
    export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=/usr/bin/wasm-ld-19
    RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 /usr/bin/cargo build -Zbuild-std=std,panic_abort "${options[@]}"
fi
cargo run --quiet --locked -p fieldfolio-bindgen -- "target/web/$target/web/fieldfolio_web.wasm" "$out.new"
# Only what differs is replaced, so that nothing is bundled anew for nothing.
if ! diff -qr "$out.new" "$out" >/dev/null 2>&1; then
    rm -rf "$out"
    mv "$out.new" "$out"
else
    rm -rf "$out.new"
fi
