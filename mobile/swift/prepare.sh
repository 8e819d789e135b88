#!/usr/bin/env bash
# Puts the generated code into the package, from target/phones/bindings/swift (which `mobile/bindings.sh` makes). What did
# not change keeps its date, so that it is not compiled again.
set -euo pipefail
cd "$(dirname "$0")"
made=../../target/phones/bindings/swift

put() {
    [ -f "$made/$1" ] || { echo "no $made/$1: run mobile/bindings.sh first" >&2; exit 1; }
    mkdir -p "$(dirname "$2")"
    cmp -s "$made/$1" "$2" || cp "$made/$1" "$2"
}

put FieldfolioRaw.swift Sources/FieldfolioRaw/FieldfolioRaw.swift
put FieldfolioFFI/FieldfolioFFI.h Sources/FieldfolioFFI/FieldfolioFFI.h
