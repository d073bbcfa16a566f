#!/bin/bash
# run.sh: how fast a full sockmap is read and judged. Needs root; `make bench` does its set-up.
#
# 32,500 accelerated connections of a lab of its own, so 65,000 entries in one map; spread over several clients and two
# servers, because a process may have 20,000 files. Nothing outside the lab is touched, and the lab always goes.
set -eu -o pipefail
cd "$(dirname "$0")/.."

connections=32500 clients=4
entries=$((connections * 2))
lab=(--lab bench)

say() { echo "bench: $*" >&2; }

[ "$(id -u)" = 0 ] || { say "needs root, for namespaces and BPF"; exit 1; }
[ -n "${UNSTUCK_BIN_DIR:-}" ] || { make release; UNSTUCK_BIN_DIR=$PWD/.build/dist; }
unstuck=$UNSTUCK_BIN_DIR/unstuck
unstuck_lab=$UNSTUCK_BIN_DIR/unstuck-lab

# The object that the build has just embedded. There is one for each name that this folder was ever built under.
object=$(find .build/plugins/outputs -name observeSockmapObject.swift.o -printf '%T@ %p\n' | sort -rn | head -1 | cut -d' ' -f2-)
[ -n "$object" ] || { say "no compiled BPF object below .build/plugins/outputs: make release"; exit 1; }

work=$(mktemp -d)
pids=()
finish() {
    [ "${#pids[@]}" -eq 0 ] || kill "${pids[@]}" 2>/dev/null || true
    "$unstuck_lab" down "${lab[@]}" >/dev/null || say "the lab could not be removed: $unstuck_lab down ${lab[*]}"
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

cc -O2 -Wall -Wextra -Werror -static -Ibpf/abi/include -o "$work/bare_iteration" Benchmarks/bare_iteration.c -lbpf -lelf -lz

say "the lab"
"$unstuck_lab" up "${lab[@]}" --replace --map-size 65535 --output json > "$work/lab.json" 2> "$work/lab.log" ||
    { cat "$work/lab.log" >&2; exit 1; }
map=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["accelerator"]["mapID"])' "$work/lab.json")

say "$connections connections from $clients clients"
servers=(203.0.113.10 203.0.113.11)
for ((client = 0; client < clients; client++)); do
    "$unstuck_lab" exec "${lab[@]}" --as node -- "$unstuck_lab" load --hold --seconds 3600 \
        --host "${servers[client % 2]}" --connections $((connections / clients)) > "$work/client.$client" &
    pids+=($!)
done

for ((second = 0; ; second++)); do
    [ "$(cat "$work"/client.* | grep -c '^open: ' || true)" -lt "$clients" ] || break
    for pid in "${pids[@]}"; do
        kill -0 "$pid" 2>/dev/null || { say "a client failed"; exit 1; }
    done
    [ "$second" -lt 120 ] || { say "the connections did not open within two minutes"; exit 1; }
    sleep 1
done
bpftool -j map dump id "$map" > "$work/bpftool.json"
"$unstuck" sockmaps entries --map "$map" --output json > "$work/unstuck.json"
say "sockmap $map holds $(wc -l < "$work/unstuck.json") entries"
python3 Benchmarks/check_entries.py "$entries" "$work/unstuck.json" "$work/bpftool.json"

# What is measured must not have to share its processor with the clients' last work.
sleep 2
python3 Benchmarks/measure.py --unstuck "$unstuck" --bare "$work/bare_iteration" --object "$object" --map "$map" \
    --entries "$entries" --report Benchmarks/results/latest.md "$@"
