#!/usr/bin/env bash
# Builds mobile/swift/Fieldfolio.xcframework: the library for iPhones, for simulators and for Macs, with its header. Needs a
# Mac with Xcode 16 or newer, and Rust with these targets:
#
#   rustup target add aarch64-apple-ios aarch64-apple-ios-sim x86_64-apple-ios aarch64-apple-darwin x86_64-apple-darwin
set -euo pipefail
cd "$(dirname "$0")/.."

[ "$(uname -s)" = Darwin ] && command -v xcodebuild >/dev/null || {
    echo "An XCFramework is made on a Mac with Xcode; mobile/check-phones.sh checks the code for iOS anywhere." >&2
    exit 1
}
export IPHONEOS_DEPLOYMENT_TARGET=15.0 MACOSX_DEPLOYMENT_TARGET=12.0

for triple in aarch64-apple-ios aarch64-apple-ios-sim x86_64-apple-ios aarch64-apple-darwin x86_64-apple-darwin; do
    cargo rustc --locked --profile app -p fieldfolio-library --lib --crate-type staticlib --target "$triple"
done
mobile/bindings.sh
headers=$PWD/target/phones/bindings/swift/FieldfolioFFI

# One file for each platform: simulators and Macs come in two kinds.
out=target/phones/apple
rm -rf "$out" && mkdir -p "$out/simulator" "$out/mac"
lipo -create -output "$out/simulator/libfieldfolio.a" \
    target/aarch64-apple-ios-sim/app/libfieldfolio.a target/x86_64-apple-ios/app/libfieldfolio.a
lipo -create -output "$out/mac/libfieldfolio.a" \
    target/aarch64-apple-darwin/app/libfieldfolio.a target/x86_64-apple-darwin/app/libfieldfolio.a

rm -rf mobile/swift/Fieldfolio.xcframework
xcodebuild -create-xcframework \
    -library target/aarch64-apple-ios/app/libfieldfolio.a -headers "$headers" \
    -library "$out/simulator/libfieldfolio.a" -headers "$headers" \
    -library "$out/mac/libfieldfolio.a" -headers "$headers" \
    -output mobile/swift/Fieldfolio.xcframework
mobile/swift/prepare.sh
du -sh mobile/swift/Fieldfolio.xcframework
