#!/bin/bash
# measure.sh TOOLS RESULTS [--audit|--guard|--sockets]: builds the node and measures; run.sh has put what that needs into TOOLS.
set -eu -o pipefail
cd "$(dirname "$0")/.."

tools=$1 results=$2 only=${3:-}
zombies=50
unstuck=$UNSTUCK_BIN_DIR/unstuck
unstuck_lab=$UNSTUCK_BIN_DIR/unstuck-lab
status=0
if [ -z "$only" ] || [ "$only" = --guard ]; then
    python3 Benchmarks/measure_guard.py --unstuck "$unstuck" --unstuck-lab "$unstuck_lab" --report "$results/guard.md" || status=1
    [ "$only" != --guard ] || exit $status
fi
. Benchmarks/node.sh

if [ -z "$only" ] || [ "$only" = --sockets ]; then
    # What is measured must not have to share its processor with the clients' last work.
    sleep 2
    python3 Benchmarks/measure_sockets.py --unstuck "$unstuck" --bare "$tools/bare_iteration" \
        --task-file-object "$tools/inspect_task_file.o" --walk-object "$tools/inspect_walk.o" \
        --namespaces "$work/namespaces" --report "$results/sockets.md" || status=1
    [ "$only" != --sockets ] || exit $status
fi

bpftool -j map dump id "$map" > "$work/bpftool.json"
"$unstuck" sockmaps entries --map "$map" --output json > "$work/unstuck.json"
say "sockmap $map holds $(wc -l < "$work/unstuck.json") entries"
python3 Benchmarks/check_entries.py "$entries" "$work/unstuck.json" "$work/bpftool.json"

sleep 2
if [ -z "$only" ]; then
    python3 Benchmarks/measure_entries.py --unstuck "$unstuck" --bare "$tools/bare_iteration" --object "$tools/sockmap.o" \
        --map "$map" --entries "$entries" --report "$results/latest.md" || status=1
fi

# A few more, of both families, are dead: whoever audits must find exactly these.
for family in 4 6; do
    "$unstuck_lab" break zombie "${lab[@]}" --pod shop/web-0 --family "$family" --count $((zombies / 2)) --output json \
        > "$work/fault.$family.json"
done
python3 Benchmarks/measure_audit.py --unstuck "$unstuck" --bare "$tools/bare_iteration" \
    --sockmap-object "$tools/sockmap.o" --task-file-object "$tools/task_file.o" --walk-object "$tools/walk.o" --map "$map" --namespaces "$work/namespaces" \
    --fault "$work/fault.4.json" --fault "$work/fault.6.json" --entries $((entries + zombies)) --report "$results/audit.md" || status=1
exit $status
