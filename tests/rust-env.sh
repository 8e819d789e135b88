# Sourced: which Rust builds this. One that is on the path, if it is new enough; else Debian's `rustc-web`.
if ! command -v cargo >/dev/null && [ -x /usr/bin/cargo ] && [ -x /usr/bin/rustc ]; then
    export PATH="/usr/bin:$PATH"
fi
