#!/usr/bin/env bash
# in.sh [-b FOLDER]… [-e NAME=VALUE]… ROOT FOLDER COMMAND [ARGUMENT]…
#
# Runs a command inside ROOT (which `toolchain.sh` makes), in FOLDER. It and the folders given with -b lie inside where they
# lie outside; -e sets a variable. The exit status is the command's, and the network is this machine's. Needs root.
#
# Everything is mounted in a namespace of the command's own: nothing stays mounted, however it ends, and several of these can
# run side by side.
set -euo pipefail

binds=() variables=()
while getopts b:e: option; do
    case $option in
        b) binds+=("$(cd "$OPTARG" && pwd -P)") ;;
        e) variables+=("$OPTARG") ;;
        *) exit 2 ;;
    esac
done
shift $((OPTIND - 1))
root=$(cd "$1" && pwd -P)
folder=$(cd "$2" && pwd -P)
shift 2
binds+=("$folder")

# Each step replaces the one before, so that whoever ends this script ends the command. Swift's own folder comes last on the
# path: it has a clang and a linker of its own.
exec unshare --mount --propagation private /bin/bash -euc '
    root=$1 folder=$2 count=$3
    shift 3
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
    for bind in "${@:1:count}"; do
        mkdir -p "$root$bind"
        mount --bind "$bind" "$root$bind"
    done
    shift "$count"
    exec chroot "$root" /usr/bin/env -i -C "$folder" "$@"' in.sh "$root" "$folder" "${#binds[@]}" "${binds[@]}" \
    PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/libexec/swift/bin HOME=/root LANG=C.UTF-8 "${variables[@]}" "$@"
