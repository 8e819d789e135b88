# Sourced: which Rust and which Node.js build this. Those that are on the path, if they are new enough; else Debian's
# `rustc-web`, and the Node.js that `tests/setup.sh` put into target/node. What only helps to build twice is not kept (5 GB);
# with CARGO_INCREMENTAL=1 it is.
export CARGO_INCREMENTAL="${CARGO_INCREMENTAL:-0}"
if ! command -v cargo >/dev/null && [ -x /usr/bin/cargo ] && [ -x /usr/bin/rustc ]; then
    export PATH="/usr/bin:$PATH"
fi
if [ -x "$(dirname "${BASH_SOURCE[0]}")/../target/node/node_modules/node/bin/node" ]; then
    export PATH="$(cd "$(dirname "${BASH_SOURCE[0]}")/../target/node/node_modules/node/bin" && pwd):$PATH"
fi
