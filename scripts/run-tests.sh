#!/bin/bash
# run-tests.sh                   the tests on this machine, and inside every kernel of lab/kernels.toml those that it lists
# run-tests.sh --all             every test on this machine and inside every kernel; writes docs/test-matrix.md
# run-tests.sh --all KERNEL      the same on one kernel ("machine" is this one): its column is replaced
# run-tests.sh OPTIONS           options of swift test: chosen tests on this machine only
# One table at the end shows what ran where, and only what really ran is green.
set -eu -o pipefail

mkdir -p .build
events=.build/test-events.jsonl guests=.build/guests.txt bundle=.build/debug/unstuckPackageTests.xctest
matrix=docs/test-matrix.md
rm -f "$events" "$guests"
# Pins live there. systemd mounts it; a container has none.
[ "$(id -u)" != 0 ] || mountpoint -q /sys/fs/bpf || mount -t bpf bpf /sys/fs/bpf
program=${UNSTUCK_BIN_DIR:-.build/debug}/unstuck-lab
# What tests of a run that was killed left standing: e<process>… is the name of a test's lab.
for lab in /run/unstuck-lab/e[0-9]*/; do
    name=$(basename "$lab") process=${lab##*/run/unstuck-lab/e}
    process=${process%%[!0-9]*}
    [ ! -d "$lab" ] || [ -d "/proc/$process" ] || "$program" down --lab "$name"
done
evaluate=("$program" suites)

# One at a time: the tests share this machine's maps, namespaces and descriptors.
machine() {
    swift test --no-parallel --event-stream-version 0 --event-stream-output-path "$events" "$@" 2>&1 |
        tee .build/last-test-run.log
}

# The commit that is tested. The table of the tests is none of it: to commit that changes nothing that they test.
commit() {
    local paths=(. ":!$matrix" ":!${matrix%.md}") changes=
    [ -z "$(git status --porcelain -- "${paths[@]}")" ] || changes=" and changes"
    echo "$(git log -1 --format=%h -- "${paths[@]}")$changes"
}

kernel=
if [ "${1:-}" = --all ]; then
    kernel=${2:-}
    evaluate+=(--all --matrix "$matrix" --commit "$(commit)" --env UNSTUCK_CONTROL_RUNS=5)
    export UNSTUCK_CONTROL_RUNS=50
elif [ $# -gt 0 ]; then
    status=0
    machine "$@" || status=$?
    [ -s "$events" ] || { echo "run-tests: not one test ran" >&2; exit 1; }
    "${evaluate[@]}" --machine "$events" || status=$?
    exit "$status"
fi

swift build --build-tests
if [ -n "$kernel" ] && [ "$kernel" != machine ]; then
    exec "${evaluate[@]}" --bundle "$bundle" --kernel "$kernel"
fi
status=0
if [ -n "$kernel" ]; then
    machine --skip-build || status=$?
    [ -s "$events" ] || { echo "run-tests: not one test ran" >&2; exit 1; }
    "${evaluate[@]}" --machine "$events" || status=$?
    exit "$status"
fi

set -m  # each of the two a process group of its own, so that nothing of it is left if we are killed
trap 'for group in $(jobs -p); do kill -- "-$group" 2>/dev/null || true; done' EXIT
machine --skip-build &
# Most of the time the machine's tests wait for something; emulated guests take the processor that is left.
nice -n 10 "${evaluate[@]}" --machine "$events" --machine-process $! --whole --bundle "$bundle" > "$guests" 2>&1 &
wait %1 || status=$?
[ -s "$events" ] || { echo "run-tests: not one test ran" >&2; exit 1; }
# What the guests have reported meanwhile, and report from now on.
tail -n +1 -f --pid=$! "$guests" &
wait %2 || status=$?
wait
exit "$status"
