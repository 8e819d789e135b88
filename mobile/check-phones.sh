#!/usr/bin/env bash
# Checks the library for phones on Debian, without NDK and Xcode: the types of everything for Android and iOS with all its
# C really compiled; a static library for iOS and its symbols; a library for Android and where its segments begin. What is
# linked here shows that the code fits the platform; it is not what ships: the headers are glibc's and the C library is
# missing. `make aar` and `make xcframework` make what ships.
#
#   mobile/check-phones.sh [android | ios | ios-simulator | android-others | ios-library | android-library] …
set -euo pipefail
cd "$(dirname "$0")/.."

steps=("$@")
[ ${#steps[@]} -gt 0 ] || steps=(android ios ios-library android-library)

ZIGLANG=0.17.1
IOS=15.0
ANDROID=24
target=$PWD/target/check-phones
work=$target/work
mkdir -p "$work"
export CARGO_TARGET_DIR=$target CARGO_PROFILE_DEV_DEBUG=0
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_RUSTFLAGS CARGO_BUILD_TARGET CFLAGS CC AR

fail() {
    echo "check-phones: $*" >&2
    exit 1
}

# What is missing, on Debian as root; elsewhere its names.
missing=()
[ -x /usr/bin/cargo ] && compgen -G '/usr/src/rustc-*/library' >/dev/null || missing+=(rustc-web cargo-web rust-web-src)
for package in clang-19 llvm-19 lld-19 libc6-dev-arm64-cross; do
    dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package")
done
python3 -m pip --version >/dev/null 2>&1 || missing+=(python3-pip)
if [ ${#missing[@]} -gt 0 ]; then
    command -v apt-get >/dev/null && [ "$(id -u)" -eq 0 ] || fail "missing: ${missing[*]} (Debian's package names)"
    echo "installing ${missing[*]} …"
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"; } >"$work/install.log" 2>&1 ||
        { cat "$work/install.log" >&2; exit 1; }
fi

# Debian's Rust, whose standard library is here as source.
on() {
    local verb=$1 triple=$2
    shift 2
    RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 /usr/bin/cargo "$verb" --locked -p fieldfolio-library --lib \
        -Zbuild-std=std,panic_abort --target "$triple" "$@"
}

# C for a target: its triple, clang's name of it, the folder of its headers.
c_for() {
    local name=${1//-/_}
    export "CC_$name=clang-19" "AR_$name=llvm-ar-19" "CFLAGS_$name=--target=$2 -isystem $3"
}

# The headers of Debian's arm64 serve for a check of all three.
for_android() {
    local headers=/usr/aarch64-linux-gnu/include
    c_for aarch64-linux-android "aarch64-linux-android$ANDROID" $headers
    c_for armv7-linux-androideabi "armv7-linux-androideabi$ANDROID" $headers
    c_for x86_64-linux-android "x86_64-linux-android$ANDROID" $headers
}

# Apple's open headers of C come inside the Python package `ziglang`. They stay in target.
for_ios() {
    local headers=$target/apple-$ZIGLANG
    if [ ! -e "$headers/stdio.h" ]; then
        rm -rf "$work/wheel" "$headers.part"
        python3 -m pip download -q --no-deps --only-binary :all: -d "$work/wheel" "ziglang==$ZIGLANG"
        python3 - "$work/wheel" "$headers.part" <<'PYTHON'
import glob, pathlib, sys, zipfile

prefix = "ziglang/lib/libc/include/any-darwin-any/"
with zipfile.ZipFile(glob.glob(sys.argv[1] + "/*.whl")[0]) as wheel:
    for name in wheel.namelist():
        if name.startswith(prefix) and not name.endswith("/"):
            path = pathlib.Path(sys.argv[2], name[len(prefix):])
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(wheel.read(name))
PYTHON
        rm -rf "$work/wheel" "$headers"
        mv "$headers.part" "$headers"
    fi
    # An empty SDK only keeps the compilers from asking Xcode for one.
    mkdir -p "$work/sdk"
    export SDKROOT=$work/sdk IPHONEOS_DEPLOYMENT_TARGET=$IOS
    c_for aarch64-apple-ios "arm64-apple-ios$IOS" "$headers"
    c_for aarch64-apple-ios-sim "arm64-apple-ios$IOS-simulator" "$headers"
}

# The linker was told to allow anything undefined: nothing of ours may be.
nothing_of_ours() {
    [ -s "$1" ] || fail "no undefined symbols at all in $1: that can't be"
    ! grep -E 'sqlite3|ring_core|uniffi|^_?ffi_|^_?_ZN|^_?_R[A-Z]' "$1" || fail "these of ours are undefined"
}

for step in "${steps[@]}"; do
    began=$SECONDS
    case $step in
    android)
        for_android
        on check aarch64-linux-android
        ;;
    android-others)
        for_android
        on check armv7-linux-androideabi
        on check x86_64-linux-android
        ;;
    ios)
        for_ios
        on check aarch64-apple-ios
        ;;
    ios-simulator)
        for_ios
        on check aarch64-apple-ios-sim
        ;;
    ios-library)
        for_ios
        on rustc aarch64-apple-ios --profile app --crate-type staticlib
        library=$target/aarch64-apple-ios/app/libfieldfolio.a
        # Rust's objects carry bitcode of a newer LLVM, which nm would try to read first.
        llvm-nm-19 --no-llvm-bc -g --defined-only "$library" 2>/dev/null | awk 'NF == 3 { print $3 }' | sort -u >"$work/ios.defined"
        llvm-nm-19 --no-llvm-bc -g --undefined-only "$library" 2>/dev/null | awk 'NF == 1 && !/:$/' | sort -u |
            comm -23 - "$work/ios.defined" >"$work/ios.undefined"
        grep -q '^_uniffi_fieldfolio_mobile_fn_method_store_capture$' "$work/ios.defined" || fail "no way to capture in $library"
        grep -qx '_sqlite3_open_v2' "$work/ios.defined" || fail "no SQLite in $library"
        nothing_of_ours "$work/ios.undefined"
        others=$(llvm-readobj-19 --file-headers "$library" 2>/dev/null | grep '^Format' | grep -vc 'Mach-O arm64' || true)
        [ "$others" = 0 ] || fail "$others objects of another kind in $library"
        echo "iOS: $(stat -c %s "$library") bytes, $(grep -c uniffi_ "$work/ios.defined") symbols of the facade, $(wc -l <"$work/ios.undefined") of the system"
        ;;
    android-library)
        for_android
        stubs=$work/stubs
        mkdir -p "$stubs"
        for name in c m dl log unwind gcc; do
            rm -f "$stubs/lib$name.a"
            llvm-ar-19 rc "$stubs/lib$name.a"
        done
        # Like an NDK whose own default is 4 KB pages: the library's flag comes later, and must win.
        cat >"$work/linker" <<LINKER
#!/bin/sh
exec clang-19 --target=aarch64-linux-android$ANDROID -fuse-ld=lld-19 -nostdlib -L$stubs -Wl,-z,max-page-size=4096 "\$@"
LINKER
        chmod +x "$work/linker"
        CARGO_TARGET_AARCH64_LINUX_ANDROID_LINKER=$work/linker \
            on rustc aarch64-linux-android --profile app --crate-type cdylib
        library=$target/aarch64-linux-android/app/libfieldfolio.so
        loads=$(llvm-readelf-19 -lW "$library" | awk '$1 == "LOAD" { print $NF }' | sort -u)
        [ "$loads" = 0x4000 ] || fail "segments of $library begin at multiples of $loads"
        ! llvm-readelf-19 -dW "$library" | grep TEXTREL || fail "$library writes into its own code when it is loaded"
        llvm-nm-19 -D --defined-only "$library" | awk '{ print $NF }' | sort -u >"$work/android.defined"
        llvm-nm-19 -D --undefined-only "$library" | awk '{ print $NF }' | sort -u >"$work/android.undefined"
        grep -qx 'uniffi_fieldfolio_mobile_fn_method_store_capture' "$work/android.defined" || fail "no way to capture in $library"
        grep -qx 'Java_org_fieldfolio_Android_initNative' "$work/android.defined" || fail "no way to tell Android's context in $library"
        nothing_of_ours "$work/android.undefined"
        size=$(stat -c %s "$library")
        [ "$size" -le $((8 * 1024 * 1024)) ] || fail "$library has $size bytes: 8 MB are the most"
        echo "Android: $size bytes, segments at multiples of 16 KB, $(grep -c uniffi_ "$work/android.defined") symbols of the facade"
        ;;
    *) fail "there is no step $step" ;;
    esac
    echo "check-phones: $step holds ($((SECONDS - began)) s)"
done
