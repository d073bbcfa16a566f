# Every target does all of its own set-up, on a bare Debian 12 with Swift 6.2 or later. A second run of any of them
# downloads nothing and builds nothing again.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

SWIFT ?= swift
DIST := $(CURDIR)/.build/dist
# The lab first: what it alone needs takes longest, and is compiled beside what both need.
PROGRAMS := unstuck-lab unstuck
# Apart from the debug build, so that the two can go on at the same time.
RELEASE_BUILD := $(CURDIR)/.build/programs

# Tests that need no root and no particular kernel; `make test` runs these and all others.
PURE_TESTS := UnstuckModelTests UnstuckFormatsTests UnstuckDiagnosisTests UnstuckProbingTests UnstuckOperationsTests \
	KernelUseTests

FUZZ_SECONDS ?= 600

empty :=
space := $(empty) $(empty)
pure_filter := ^($(subst $(space),|,$(strip $(PURE_TESTS))))\.
swift_files := find . -name '.build*' -prune -o -name '*.swift' -print0

.PHONY: help setup build release fmt lint check man test test-all soak stress churn demo matrix bench fuzz clean

help: ## Show this list.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | while IFS=$$'\t' read -r name text; do \
		printf '  make %-9s %s\n' "$$name" "$$text"; done

setup: ## Install the Debian packages that are missing (needs root only then).
	@scripts/setup.sh

build: setup ## Build everything for debugging.
	$(SWIFT) build

release: setup ## Build the two programs, each one fully static file, into .build/dist.
	$(foreach program,$(PROGRAMS),$(SWIFT) build --scratch-path "$(RELEASE_BUILD)" -c release \
		-Xswiftc -static-executable --product $(program) &&) true
	@scripts/dist.sh "$(RELEASE_BUILD)/release" "$(DIST)" $(PROGRAMS)

man: release ## Write the man pages into .build/man: copy them to /usr/local/share/man/man1.
	@scripts/manual.py "$(DIST)/unstuck" .build/man

# Both builds, one beside the other: a release's modules are compiled one after the other for the most part.
.PHONY: test-build test-bundle
test-build: setup
	@$(SWIFT) package resolve
	@$(MAKE) --jobs=2 release test-bundle

test-bundle: setup
	$(SWIFT) build --build-tests

fmt: ## Format all Swift files.
	@$(swift_files) | xargs -0 $(SWIFT) format --in-place --parallel

lint: ## Check the format.
	@$(swift_files) | xargs -0 $(SWIFT) format lint --strict --parallel

check: setup lint ## Format, build and pure tests: no root, any kernel.
	$(SWIFT) build --build-tests
	scripts/run-tests.sh --skip-build --filter '$(pure_filter)'

needs_root = [ "$$(id -u)" = 0 ] || { echo "make $@: needs root, for namespaces and BPF ('make check' runs the rest)" >&2; exit 1; }

test: setup ## All tests on this machine, the kernel's inside the lab's kernels. Needs root; what cannot run fails.
	@$(needs_root)
	@$(MAKE) test-build
	UNSTUCK_BIN_DIR="$(DIST)" scripts/run-tests.sh

test-all: setup ## Every test on every kernel; writes docs/test-matrix.md. KERNEL=6.12, KERNEL=machine: one column.
	@$(needs_root)
	@$(MAKE) test-build
	UNSTUCK_BIN_DIR="$(DIST)" scripts/run-tests.sh --all $(KERNEL)

soak: release ## The big counts, on every kernel; writes docs/soak.md. Needs root, and takes half an hour.
	@UNSTUCK_BIN_DIR="$(DIST)" scripts/soak.sh

stress: release ## The guard over 1,000 of each fault, inside three kernels; 10,000 transfers. Needs root, and takes an hour.
	$(SWIFT) build --build-tests
	"$(DIST)/unstuck-lab" suites --bundle .build/debug/unstuckPackageTests.xctest --kernel 5.10.218 --kernel 6.12 --kernel sid \
		--filter 'GuardTests/(nothingHangs|noByteIsLost)' --env UNSTUCK_GUARD_COUNT=1000 --limit 5400 \
		--results .build/stress --table .build/stress-table.md

churn: release ## 1,000 diagnoses beside 5,000 connections a second, audits beside 10,000 entries a second; in every kernel of the lab 20 beside 200. Needs root, and takes half an hour.
	UNSTUCK_CHURN_SECONDS=60 UNSTUCK_CHURN_ENTRIES=600000 UNSTUCK_CHURN_RUNS=1000 UNSTUCK_CHURN_RATE=5000 UNSTUCK_BIN_DIR="$(DIST)" \
		scripts/run-tests.sh --filter '^EndToEndTests\.(ChurnTests|DiagnosesUnderChurnTests)/'
	"$(DIST)/unstuck-lab" suites --bundle .build/debug/unstuckPackageTests.xctest --limit 3600 \
		--kernel 5.10.218 --kernel 5.10 --kernel 6.1 --kernel 6.12 --kernel sid \
		--filter 'DiagnosesUnderChurnTests/' --env UNSTUCK_CHURN_RUNS=20 --env UNSTUCK_CHURN_RATE=200 \
		--results .build/churn --table .build/churn-table.md

demo: release ## A request hangs for real: found, explained, repaired. KERNEL=5.10.218: inside that kernel. Needs root.
	@UNSTUCK_BIN_DIR="$(DIST)" scripts/demo.sh $(KERNEL)

matrix: build ## Write docs/support-matrix.md anew from lab/faults.toml.
	@.build/debug/unstuck-lab faults >docs/support-matrix.md

bench: release ## Measure against what people use today. KERNEL=6.12: inside that kernel. Needs root.
	@UNSTUCK_BIN_DIR="$(DIST)" Benchmarks/run.sh $(KERNEL)

fuzz: setup ## Fuzz what reads foreign bytes, FUZZ_SECONDS=600 in all; fails on a crash.
	@scripts/fuzz.sh $(FUZZ_SECONDS)

clean: ## Remove what was built.
	$(SWIFT) package clean
	rm -rf "$(DIST)" "$(RELEASE_BUILD)"
