# Fieldfolio's commands. `make demo` and `make test` set up what they need on a fresh Debian machine, and use what is
# there on any other.

SHELL := /bin/bash
.DEFAULT_GOAL := help
BIN := target/debug

# What the web client is made of; it is built anew when something of it is newer.
WEB := mobile/web
WEB_SOURCES := $(shell find $(WEB)/src $(WEB)/public $(WEB)/wasm/src $(WEB)/bindgen/src mobile/src core/src media/src -type f -not -path '*/pkg/*') \
	$(wildcard $(WEB)/*.json $(WEB)/*.html $(WEB)/*.ts $(WEB)/*.js $(WEB)/*.mjs $(WEB)/*.sh) Cargo.lock

.PHONY: help setup build web demo demo-stop demo-negative test test-web test-phones bindings wheel check-phones xcframework aar bench soak lint node

help: ## These commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

setup: ## Install what is missing: Rust, clang for WebAssembly, exiftool, Node.js, Chromium, Python, a JDK, Maven
	@tests/setup.sh

web: setup $(WEB)/dist/sw.js.br ## The web client, into mobile/web/dist: the relay's binary takes it from there

$(WEB)/node_modules/.package-lock.json: $(WEB)/package-lock.json
	@source tests/rust-env.sh && npm ci --no-audit --no-fund --prefix $(WEB)
	@touch $@

$(WEB)/dist/sw.js.br: $(WEB)/node_modules/.package-lock.json $(WEB_SOURCES)
	@$(WEB)/core.sh
	@source tests/rust-env.sh && npm run --silent --prefix $(WEB) build

build: web
	@source tests/rust-env.sh && cargo build --locked --workspace --bins

demo: build ## The main job, with real processes; ends with the sample school open in a browser
	@$(BIN)/fieldfolio-demo --stay target/demo

demo-stop: ## End the relay that make demo left running
	@test -f target/demo/relay.pid && kill "$$(cat target/demo/relay.pid)" && rm target/demo/relay.pid && echo "stopped" || echo "nothing runs"

demo-negative: build ## The same with one change dropped: the comparison must notice
	@$(BIN)/fieldfolio-demo --negative; test $$? -eq 3

node: setup
	@source tests/rust-env.sh && test tests/js/node_modules/.package-lock.json -nt tests/js/package-lock.json || npm ci --no-audit --no-fund --prefix tests/js
	@source tests/rust-env.sh && test tests/tus/node_modules/.package-lock.json -nt tests/tus/package-lock.json || npm ci --no-audit --no-fund --prefix tests/tus

test: build node bindings ## All tests
	@rm -f target/skipped
	@source tests/rust-env.sh && cargo test --locked --workspace
	@$(MAKE) --no-print-directory test-phones
	@$(MAKE) --no-print-directory test-web
	@tests/closing.sh

test-web: build ## The web client's: its own logic, its types, and journeys in a real browser
	@source tests/rust-env.sh && npm run --silent --prefix $(WEB) check && npm run --silent --prefix $(WEB) test
	@source tests/rust-env.sh && npm run --silent --prefix $(WEB) journeys

bindings: setup ## The library for this machine and its bindings for Kotlin, Swift and Python, into target/phones
	@mobile/bindings.sh

test-phones: build bindings ## The journey in Python, Kotlin and Swift, each through its own layer
	@mobile/python/test.sh
	@mobile/kotlin/test.sh
	@mobile/swift/test.sh

wheel: setup ## The Python package for this machine, as small as it ships, into target/python/dist
	@mobile/bindings.sh --release
	@mobile/python/wheel.sh

check-phones: setup ## The library for Android and iOS, checked and linked without NDK and Xcode (Debian)
	@mobile/check-phones.sh

xcframework: ## The library for Apple's platforms (a Mac with Xcode)
	@mobile/xcframework.sh

aar: ## The library for Android (Android SDK, NDK, cargo-ndk, Gradle)
	@mobile/aar.sh

soak: build node ## The long runs: an hour of a hostile student, 10,000 random schools, 20,000 hostile changes, 1,000 kills, a cut at every moment in many ways, 300,000 broken inputs for each reader
	@source tests/rust-env.sh && FIELDFOLIO_PIECES=900 cargo test --locked -p fieldfolio-tests --test attack answers -- --nocapture
	@source tests/rust-env.sh && FIELDFOLIO_STORM=3600 cargo test --locked -p fieldfolio-tests --test hostile_student -- --nocapture
	@source tests/rust-env.sh && FIELDFOLIO_SEEDS=10000 cargo test --locked -p fieldfolio-tests --test simulator -- --nocapture
	@source tests/rust-env.sh && FIELDFOLIO_MUTANTS=20000 cargo test --locked -p fieldfolio-tests --test hostile flood -- --nocapture
	@source tests/rust-env.sh && FIELDFOLIO_KILLS=1000 cargo test --locked -p fieldfolio-tests --test kills -- any_time any_byte --nocapture
	@source tests/rust-env.sh && FIELDFOLIO_POWER=all cargo test --locked -p fieldfolio-tests --test kills -- power full --nocapture
	@source tests/rust-env.sh && FIELDFOLIO_FUZZ=100 cargo test --locked -p fieldfolio-tests --test fuzz -- --nocapture

bench: setup node ## Figures: what a person waits for, and what the relay takes
	@tests/bench-setup.sh
	@source tests/rust-env.sh && cargo build --locked --release --workspace --bins
	@source tests/rust-env.sh && cargo bench --locked -p fieldfolio-tests --bench figures
	@target/release/fieldfolio-load
	@mobile/bindings.sh --release && mobile/python/wheel.sh >/dev/null
	@target/python/venv/bin/python -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps target/python/dist/*.whl
	@rm -rf target/bench-phone && target/release/fieldfolio-journey --store target/bench-phone 300
	@target/python/venv/bin/python mobile/python/bench.py target/bench-phone
	@FIELDFOLIO_STAGE=$$PWD/target/release/fieldfolio-journey FIELDFOLIO_BENCH=$$PWD/target/bench-phone mobile/kotlin/test.sh -Dtest=BenchTest
	@FIELDFOLIO_BENCH=$$PWD/target/bench-phone mobile/swift/test.sh --filter BenchTests

lint: setup ## Formatting, clippy and documentation, without a warning
	@source tests/rust-env.sh && cargo fmt --all --check
	@source tests/rust-env.sh && cargo clippy --locked --workspace --all-targets -- -D warnings
	@source tests/rust-env.sh && RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps
