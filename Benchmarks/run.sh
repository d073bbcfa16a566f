#!/bin/bash
# run.sh [--audit]: how fast a full sockmap is read and judged, and how fast a whole node is audited; or only the latter.
# Needs root; `make bench` does its set-up. Exits 1 if a bar is not reached.
set -eu -o pipefail
cd "$(dirname "$0")/.."

zombies=50
[ "$(id -u)" = 0 ] || { echo "bench: needs root, for namespaces and BPF" >&2; exit 1; }
[ -n "${UNSTUCK_BIN_DIR:-}" ] || { make release; UNSTUCK_BIN_DIR=$PWD/.build/dist; }
unstuck=$UNSTUCK_BIN_DIR/unstuck
unstuck_lab=$UNSTUCK_BIN_DIR/unstuck-lab
. Benchmarks/node.sh

# compiled NAME: the object that the build has just embedded. There is one for each name that this folder was ever built
# under.
compiled() {
    local object
    object=$(find .build/plugins/outputs -name "$1.swift.o" -printf '%T@ %p\n' | sort -rn | head -1 | cut -d' ' -f2-)
    [ -n "$object" ] || { say "no compiled BPF object below .build/plugins/outputs: make release"; return 1; }
    echo "$object"
}
sockmap_object=$(compiled observeSockmapObject)
tcp_object=$(compiled observeTCPObject)

cc -O2 -Wall -Wextra -Werror -static -Ibpf/abi/include -o "$work/bare_iteration" Benchmarks/bare_iteration.c -lbpf -lelf -lz

bpftool -j map dump id "$map" > "$work/bpftool.json"
"$unstuck" sockmaps entries --map "$map" --output json > "$work/unstuck.json"
say "sockmap $map holds $(wc -l < "$work/unstuck.json") entries"
python3 Benchmarks/check_entries.py "$entries" "$work/unstuck.json" "$work/bpftool.json"

# What is measured must not have to share its processor with the clients' last work.
sleep 2
status=0
if [ "${1:-}" != --audit ]; then
    python3 Benchmarks/measure_entries.py --unstuck "$unstuck" --bare "$work/bare_iteration" --object "$sockmap_object" \
        --map "$map" --entries "$entries" --report Benchmarks/results/latest.md || status=1
fi

# A few more, of both families, are dead: whoever audits must find exactly these.
for family in 4 6; do
    "$unstuck_lab" break zombie "${lab[@]}" --pod shop/web-0 --family "$family" --count $((zombies / 2)) --output json \
        > "$work/fault.$family.json"
done
python3 Benchmarks/measure_audit.py --unstuck "$unstuck" --bare "$work/bare_iteration" \
    --sockmap-object "$sockmap_object" --tcp-object "$tcp_object" --map "$map" --namespaces "$work/namespaces" \
    --fault "$work/fault.4.json" --fault "$work/fault.6.json" --entries $((entries + zombies)) --report Benchmarks/results/audit.md || status=1
exit $status
