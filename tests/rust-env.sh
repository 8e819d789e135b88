# Sourced: which Rust and which Node.js build this. Those that are on the path, if they are new enough; else Debian's
# `rustc-web`, and the Node.js that `tests/setup.sh` put into target/node.
if ! command -v cargo >/dev/null && [ -x /usr/bin/cargo ] && [ -x /usr/bin/rustc ]; then
    export PATH="/usr/bin:$PATH"
fi
if [ -x "$(dirname "${BASH_SOURCE[0]}")/../target/node/node_modules/node/bin/node" ]; then
    export PATH="$(cd "$(dirname "${BASH_SOURCE[0]}")/../target/node/node_modules/node/bin" && pwd):$PATH"
fi
