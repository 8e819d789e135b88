#!/usr/bin/env bash
# Builds the library for this machine and makes its bindings, into target/phones: `native/` the library, `bindings/` what
# each language imports. With --release as small as it ships.
set -euo pipefail
cd "$(dirname "$0")/.."
source tests/rust-env.sh

profile=dev folder=debug
if [ "${1:-}" = "--release" ]; then profile=app folder=app; fi
case "$(uname -s)" in Darwin) file=libfieldfolio.dylib ;; *) file=libfieldfolio.so ;; esac
out=target/phones

cargo build --locked --profile "$profile" -p fieldfolio-library --lib
cargo build --quiet --locked -p fieldfolio-library --features bindgen --bin fieldfolio-bindgen-phones
mkdir -p "$out/native"
# Under its old name it may be open: it is replaced, not written over.
cp "target/$folder/$file" "$out/native/$file.new"
mv "$out/native/$file.new" "$out/native/$file"

made="$out/bindings.new"
rm -rf "$made"
for language in kotlin swift python; do
    target/debug/fieldfolio-bindgen-phones generate -l "$language" --no-format --out-dir "$made/$language" "$out/native/$file" >/dev/null
done
mkdir -p "$made/swift/FieldfolioFFI"
mv "$made/swift/FieldfolioFFI.h" "$made/swift/FieldfolioFFI/"
mv "$made/swift/FieldfolioFFI.modulemap" "$made/swift/FieldfolioFFI/module.modulemap"
# Only what differs is replaced, so that nothing is compiled anew for nothing.
if ! diff -qr "$made" "$out/bindings" >/dev/null 2>&1; then
    rm -rf "$out/bindings"
    mv "$made" "$out/bindings"
else
    rm -rf "$made"
fi
