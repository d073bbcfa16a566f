#!/bin/bash
# fuzz.sh SECONDS: builds Fuzz/ with libFuzzer and the address sanitizer, shares the time among all targets, and prints the
# executions of each. Fails if one crashes, hangs, or runs out of memory; the input that did it is kept and named.
# MERGE=1 then takes into Fuzz/corpus what reaches code that the corpus did not, and leaves out what adds nothing.
set -eu -o pipefail

seconds=${1:?how many seconds in all}
cd "$(dirname "$0")/../Fuzz"

# SwiftPM passes its own sanitizers one by one, and of two the last alone decides whether coverage is instrumented.
swift build -c release --sanitize fuzzer -Xswiftc -sanitize=fuzzer,address
programs=$(swift build -c release --sanitize fuzzer -Xswiftc -sanitize=fuzzer,address --show-bin-path)

# A backtrace is libFuzzer's to print; a small quarantine keeps the memory limit meaningful.
export SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=quarantine_size_mb=16
# What the initializer of a global keeps for the whole run is no leak of a reader's.
echo 'leak:swift::threading_impl::once_slow' >.build/leaks.txt
export LSAN_OPTIONS=suppressions=$PWD/.build/leaks.txt

targets=(corpus/*/)
targets=("${targets[@]#corpus/}")
targets=("${targets[@]%/}")
share=$((seconds / ${#targets[@]}))
[ "$share" -gt 0 ] || { echo "fuzz: ${#targets[@]} targets need a second each" >&2; exit 1; }

status=0
results=()
for target in "${targets[@]}"; do
    found=.build/fuzz/$target
    mkdir -p "$found/corpus" "$found/crashes"
    log=$found/log
    # One input has ten seconds; the target as a whole, were libFuzzer itself to hang, a minute more than its share.
    if timeout -k 10 $((share + 60)) "$programs/fuzz-$target" -max_total_time="$share" -timeout=10 -rss_limit_mb=2048 \
        -max_len=4096 -print_final_stats=1 -artifact_prefix="$found/crashes/" "$found/corpus" "corpus/$target" \
        >"$log" 2>&1; then
        outcome=ok
    else
        outcome="FAILED, see Fuzz/$log and Fuzz/$found/crashes"
        status=1
    fi
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    # A target that is not instrumented, or whose seeds are not read, would pass without having looked.
    if [ "$outcome" = ok ] && { [ "${runs:-0}" -eq 0 ] || grep -q 'no interesting inputs' "$log"; }; then
        outcome="FAILED, nothing was fuzzed, see Fuzz/$log"
        status=1
    fi
    edges=$(grep -o 'cov: [0-9]*' "$log" | tail -1)
    results+=("$(printf '%-14s %10s executions  %s edges  %s' "$target" "${runs:-0}" "${edges#cov: }" "$outcome")")
    echo "fuzz: ${results[-1]}" >&2

    if [ "${MERGE:-}" = 1 ] && [ "$outcome" = ok ]; then
        merged=.build/fuzz/$target/merged
        rm -rf "$merged"
        mkdir -p "$merged"
        "$programs/fuzz-$target" -set_cover_merge=1 -max_len=4096 "$merged" "corpus/$target" "$found/corpus" >>"$log" 2>&1
        rm -rf "corpus/$target"
        mv "$merged" "corpus/$target"
    fi
done
printf '%s\n' "${results[@]}"
exit "$status"
