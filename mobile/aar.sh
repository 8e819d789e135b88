#!/usr/bin/env bash
# Builds the Android library (AAR) with the core for three kinds of processors. Needs the Android SDK with NDK 27 or newer
# (ANDROID_NDK_HOME), a JDK 17, Gradle 8.10 or newer, and Rust with these targets and this command:
#
#   rustup target add aarch64-linux-android armv7-linux-androideabi x86_64-linux-android
#   cargo install 'cargo-ndk@^4' --locked
#
# and, named by ORG_GRADLE_PROJECT_fieldfolioVerifier, the folder that mobile/kotlin/android/gradle.properties tells of.
set -euo pipefail
cd "$(dirname "$0")/.."

[ -n "${ANDROID_NDK_HOME:-}" ] && [ -n "${ORG_GRADLE_PROJECT_fieldfolioVerifier:-}" ] &&
    command -v cargo-ndk >/dev/null && command -v gradle >/dev/null || {
    echo "An AAR needs ANDROID_NDK_HOME, ORG_GRADLE_PROJECT_fieldfolioVerifier, cargo-ndk and gradle; mobile/check-phones.sh checks the code for Android anywhere." >&2
    exit 1
}

libraries=$PWD/target/phones/jniLibs
rm -rf "$libraries"
cargo ndk --platform 24 -t arm64-v8a -t armeabi-v7a -t x86_64 -o "$libraries" \
    build --locked --profile app -p fieldfolio-library --lib
mobile/bindings.sh

# A library whose segments begin elsewhere than at 16 KB does not load on devices of today. x86-64 is for emulators: there
# the resizer of photos alone has 2 MB.
readelf=$(ls "$ANDROID_NDK_HOME"/toolchains/llvm/prebuilt/*/bin/llvm-readelf | head -1)
for library in "$libraries"/{arm64-v8a,x86_64}/libfieldfolio.so; do
    loads=$("$readelf" -lW "$library" | awk '$1 == "LOAD" { print $NF }' | sort -u)
    [ "$loads" = 0x4000 ] || {
        echo "segments of $library begin at multiples of $loads" >&2
        exit 1
    }
    case $library in *x86_64*) continue ;; esac
    size=$(stat -c %s "$library" 2>/dev/null || stat -f %z "$library")
    [ "$size" -le $((8 * 1024 * 1024)) ] || {
        echo "$library has $size bytes: 8 MB are the most" >&2
        exit 1
    }
done
gradle --project-dir mobile/kotlin/android assembleRelease
ls -l mobile/kotlin/android/build/outputs/aar/
