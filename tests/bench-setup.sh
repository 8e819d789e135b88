#!/usr/bin/env bash
# Brings what the figures are laid beside: Debian's nginx, unpacked into target/nginx, neither installed nor started.
# Without it its figure is left out.
set -euo pipefail
cd "$(dirname "$0")/.."

[ -x target/nginx/usr/sbin/nginx ] || [ -x /usr/sbin/nginx ] && exit 0
if ! command -v apt-get >/dev/null; then
    echo "nginx is not here, and its figure is left out: install it to have it"
    exit 0
fi
echo "fetching nginx into target/nginx …"
mkdir -p target/nginx
log=target/nginx/fetch.log
if ! (cd target/nginx && apt-get download nginx >fetch.log 2>&1 || { apt-get update && apt-get download nginx; } >fetch.log 2>&1); then
    tail -n 1 "$log" >&2
    echo "nginx can't be fetched, and its figure is left out" >&2
    exit 0
fi
dpkg -x target/nginx/nginx_*.deb target/nginx
rm target/nginx/nginx_*.deb
