# Fieldfolio's commands. `make demo` and `make test` set up what they need on a fresh Debian machine, and use what is
# there on any other.

SHELL := /bin/bash
.DEFAULT_GOAL := help
BIN := target/debug

.PHONY: help setup build demo demo-negative test bench soak lint node

help: ## These commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

setup: ## Install what is missing: a Rust toolchain, a C compiler, exiftool, Node.js
	@tests/setup.sh

build: setup
	@source tests/rust-env.sh && cargo build --locked --workspace --bins

demo: build ## The main job, with real processes: one photo's way, told step by step
	@$(BIN)/fieldfolio-demo

demo-negative: build ## The same with one change dropped: the comparison must notice
	@$(BIN)/fieldfolio-demo --negative; test $$? -eq 3

node: setup
	@test tests/js/node_modules/.package-lock.json -nt tests/js/package-lock.json || npm ci --no-audit --no-fund --prefix tests/js

test: build node ## All tests
	@source tests/rust-env.sh && cargo test --locked --workspace
	@tests/closing.sh

soak: build node ## The long runs: 10,000 random schools
	@source tests/rust-env.sh && FIELDFOLIO_SEEDS=10000 cargo test --locked -p fieldfolio-tests --test simulator -- --nocapture

bench: setup ## Figures: what a person waits for, and what the relay takes
	@source tests/rust-env.sh && cargo bench --locked -p fieldfolio-tests --bench figures
	@source tests/rust-env.sh && cargo build --locked --release --workspace --bins && target/release/fieldfolio-load

lint: setup ## Formatting, clippy and documentation, without a warning
	@source tests/rust-env.sh && cargo fmt --all --check
	@source tests/rust-env.sh && cargo clippy --locked --workspace --all-targets -- -D warnings
	@source tests/rust-env.sh && RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps
