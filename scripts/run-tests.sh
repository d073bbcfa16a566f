#!/bin/bash
# run-tests.sh [options of swift test]: runs the tests on this machine, their output passing through; without options also
# inside every kernel of lab/kernels.toml, beside the machine's own. One table at the end says what ran where, and only what
# really ran is green.
set -eu -o pipefail

mkdir -p .build
events=.build/test-events.jsonl guests=.build/guests.txt
rm -f "$events" "$guests"
# Pins live there. systemd mounts it; a container has none.
[ "$(id -u)" != 0 ] || mountpoint -q /sys/fs/bpf || mount -t bpf bpf /sys/fs/bpf
judge=("${UNSTUCK_BIN_DIR:-.build/debug}/unstuck-lab" suites --machine "$events")

# One at a time: the tests share this machine's maps, namespaces and descriptors.
machine() {
    swift test --no-parallel --event-stream-version 0 --event-stream-output-path "$events" "$@" 2>&1 |
        tee .build/last-test-run.log
}

status=0
if [ $# -gt 0 ]; then
    machine "$@" || status=$?
    [ -s "$events" ] || { echo "run-tests: not one test ran" >&2; exit 1; }
    "${judge[@]}" || status=$?
    exit "$status"
fi

swift build --build-tests
set -m  # each of the two a process group of its own, so that nothing of it is left if we are killed
trap 'for group in $(jobs -p); do kill -- "-$group" 2>/dev/null || true; done' EXIT
machine --skip-build &
# Most of the time the machine's tests wait for something; emulated guests take the processor that is left.
nice -n 10 "${judge[@]}" --machine-process $! --whole --bundle .build/debug/unstuckPackageTests.xctest \
    --filter '^(UnstuckKernelTests|UnstuckRepairTests|UnstuckLabTests|EndToEndTests)\.' > "$guests" 2>&1 &
wait %1 || status=$?
[ -s "$events" ] || { echo "run-tests: not one test ran" >&2; exit 1; }
# What the guests have told meanwhile, and tell from now on.
tail -n +1 -f --pid=$! "$guests" &
wait %2 || status=$?
wait
exit "$status"
