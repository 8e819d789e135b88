#!/usr/bin/env bash
# toolchain.sh FOLDER
#
# Makes a small Debian 13 with its Swift compiler in FOLDER, for `in.sh`: 1.7 GB, some two minutes. Debian's own package is
# the only compiler that a Debian machine gets by apt, and Debian 12 has none, so it comes with a system of its own. Where
# FOLDER is finished this does nothing; after an attempt that was cut it begins anew. Needs root, and 3 GB of room while it
# works: with less it begins nothing, says so and ends with 75.
set -euo pipefail

root=${1:?usage: toolchain.sh FOLDER}
suite=trixie
# gcc and libc6-dev bring what programs are linked with, libstdc++ the headers that the importer looks for; `swift build` asks
# git for the state of packages.
packages="swiftlang swiftlang-dev gcc libc6-dev libstdc++-14-dev binutils git ca-certificates"
# The debugger, the editor's server and Swift for microcontrollers, which are not used here, are 1 GB.
unused="bin/clangd bin/lldb* bin/repl_swift bin/sourcekit-lsp lib/liblldb.so* lib/libsourcekitdInProc.so
    lib/swift/embedded/* lib/swift/FrameworkABIBaseline/*"
made="suite=$suite 1"
needed=$((3 * 1024 * 1024))

[ "$(id -u)" = 0 ] || { echo "toolchain.sh: needs root" >&2; exit 1; }
mkdir -p "$root"
root=$(cd "$root" && pwd -P)

# Two at once would be one too many. The steps below hold the lock, too: if only this script is ended, the next one waits.
exec 9>"$root.lock"
flock 9
[ "$(cat "$root/.complete" 2>/dev/null)" != "$made" ] || exit 0

# Only what this script began is ever cleared, and nothing that is mounted below it.
if [ -n "$(ls -A "$root")" ] && [ ! -f "$root/.begun" ]; then
    echo "toolchain.sh: $root is not empty, and was not made by this script" >&2
    exit 1
fi
if grep -q " $root/" /proc/self/mounts; then
    echo "toolchain.sh: something is mounted below $root" >&2
    exit 1
fi
find "$root" -mindepth 1 -maxdepth 1 ! -name .begun -exec rm -rf --one-file-system {} +
touch "$root/.begun"

room=$(df -Pk "$root" | awk 'NR == 2 { print $4 }')
if [ "$room" -lt "$needed" ]; then
    echo "$((needed / 1024)) MB are needed in $root, and $((room / 1024)) are free" >&2
    exit 75
fi

export DEBIAN_FRONTEND=noninteractive LC_ALL=C
if ! command -v debootstrap >/dev/null; then
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends debootstrap; } >/dev/null
fi

# The mirror is the one that this machine's own release comes from.
codename=$(. /etc/os-release && echo "${VERSION_CODENAME:?}")
mirror=$(apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
    awk -v release="$codename" '$1 == release && $2 == "main" && !n++ { print $3 }')
[ -n "$mirror" ] || { echo "toolchain.sh: apt's sources name no Debian mirror" >&2; exit 1; }

# What is mounted on the way is mounted for these processes alone, and gone when they are.
alone=(unshare --mount --propagation private)
log=$root.log
failed() { tail -n 30 "$log" >&2; exit 1; }

echo "making a Debian with Swift in $root …"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
"${alone[@]}" debootstrap --variant=minbase --keyring="$keyring" "$suite" "$root" "$mirror" >"$log" 2>&1 || failed

# The network, and how apt gets through it, are this machine's.
own=$(grep -lsE '^(Acquire|APT::Update)' /etc/apt/apt.conf.d/* || true)
for file in $own /etc/resolv.conf /etc/hosts; do
    mkdir -p "$root$(dirname "$file")"
    cp --remove-destination -L "$file" "$root$file"
done
# No services, no manuals, and no waiting for the disk after every package.
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
{
    printf 'path-exclude=/usr/share/%s/*\n' doc man locale
    set -f
    printf 'path-exclude=/usr/libexec/swift/%s\n' $unused
    set +f
    echo force-unsafe-io
} >"$root/etc/dpkg/dpkg.cfg.d/small"

"${alone[@]}" chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive \
    /bin/sh -c "set -e
        mount -t proc proc /proc
        apt-get update -qq
        apt-get install -y --no-install-recommends $packages
        apt-get clean
        rm -rf /var/lib/apt/lists/*" >>"$log" 2>&1 || failed

echo "$made" >"$root/.complete"
