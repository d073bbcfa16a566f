#!/bin/bash
# run-tests.sh [options of swift test]: runs the tests, their output passing through, and calls green only what really
# ran: no test at all, or a skipped one, is a failure.
set -eu -o pipefail

mkdir -p .build
log=.build/last-test-run.log
# One at a time: the tests share this machine's maps, namespaces and descriptors.
swift test --no-parallel "$@" 2>&1 | tee "$log"

# swift-testing's last line counts skipped tests as passed.
if grep -E '(➜|↳).* skipped' "$log" >&2; then
    echo "run-tests: the tests above did not run" >&2
    exit 1
fi
if ! grep -qE 'Test run with [1-9][0-9]* tests?' "$log"; then
    echo "run-tests: not one test ran" >&2
    exit 1
fi
