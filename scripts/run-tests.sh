#!/bin/bash
# run-tests.sh [options of swift test]: runs the tests on this machine, their output passing through; without options also
# inside every kernel of lab/kernels.toml. One table at the end says what ran where, and only what really ran is green.
set -eu -o pipefail

mkdir -p .build
events=.build/test-events.jsonl
rm -f "$events"
status=0
# One at a time: the tests share this machine's maps, namespaces and descriptors.
swift test --no-parallel --event-stream-version 0 --event-stream-output-path "$events" "$@" 2>&1 |
    tee .build/last-test-run.log || status=$?
[ -s "$events" ] || { echo "run-tests: not one test ran" >&2; exit 1; }

judge=("${UNSTUCK_BIN_DIR:-.build/debug}/unstuck-lab" suites --machine "$events")
# The tests that concern the kernel, the same bundle as on the machine.
[ $# -gt 0 ] || judge+=(--whole --bundle .build/debug/unstuckPackageTests.xctest
    --filter '^(UnstuckKernelTests|UnstuckRepairTests|UnstuckProbingTests|UnstuckLabTests|EndToEndTests)\.')
"${judge[@]}" || status=$?
exit "$status"
