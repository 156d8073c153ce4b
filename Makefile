# Everything there is to do here. `make` alone lists it.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run demo test soak bench docs lint format clean

DEBUG_BINARY   := .build/debug/signalbox
RELEASE_BINARY := .build/release/signalbox
SWIFT_SOURCES  := Sources Tests Benchmarks Package.swift
PYTEST         := SIGNALBOX_BIN=$(DEBUG_BINARY) .venv/bin/pytest -c Tests/EndToEnd/pytest.ini Tests/EndToEnd

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## build and start the server on http://127.0.0.1:3000 (HOST, PORT, DATA_DIR change that)
	@scripts/setup run
	swift build -c release --static-swift-stdlib --product signalbox
	@scripts/note-commit $(RELEASE_BINARY)
	@export HOST="$${HOST:-127.0.0.1}" PORT="$${PORT:-3000}" DATA_DIR="$${DATA_DIR:-./data}"; \
	exec $(RELEASE_BINARY) serve

demo: ## drive the running server through its public API, so that there is something to see
	@test -x $(RELEASE_BINARY) || { echo "nothing built yet: make run first"; exit 1; }
	@$(RELEASE_BINARY) demo

test: ## all tests, in their short form: Swift, then the real binary end to end
	@scripts/setup test
	swift build -c release --static-swift-stdlib --product signalbox
	swift build --build-tests
	swift test --skip-build
	$(PYTEST)

soak: ## the long campaigns
	@scripts/setup test
	swift build --build-tests
	FUZZ_ROUNDS=10000000 swift test --skip-build --filter Fuzz
	$(PYTEST) -m soak -n 0

bench: ## how fast the relay is beside its peers, and what the metrics cost; writes docs/performance.md (an hour)
	@scripts/setup bench
	WITHOUT_COUNTING=1 swift build -c release --static-swift-stdlib --product signalbox
	cp $(RELEASE_BINARY) .build/signalbox-without-counting
	swift build -c release --static-swift-stdlib --product signalbox
	@scripts/note-commit $(RELEASE_BINARY)
	swift build -c release --static-swift-stdlib --product signalbox-increments
	.build/release/signalbox-increments
	.venv/bin/python Benchmarks/measure_history.py --json > .build/history.json
	.venv/bin/python Benchmarks/measure_dashboard.py
	.venv/bin/python Benchmarks/Relay/measure_relay.py --plain-binary .build/signalbox-without-counting --history .build/history.json --json .build/relay.json --write-docs

docs: ## write anew what is generated: docs/metrics.md and metric-names.txt, Prometheus's rules, Grafana's boards
	swift build --product signalbox
	$(DEBUG_BINARY) metrics > docs/metrics.md
	$(DEBUG_BINARY) metrics --names > docs/metric-names.txt
	$(DEBUG_BINARY) alerts --prometheus > grafana/alerts/signalbox.rules.yml
	scripts/build-dashboards

lint: ## check the format of the Swift code
	swift format lint --strict --parallel --recursive $(SWIFT_SOURCES)

format: ## format the Swift code
	swift format --in-place --parallel --recursive $(SWIFT_SOURCES)

clean: ## remove what was built; ./data stays
	rm -rf .build .venv
