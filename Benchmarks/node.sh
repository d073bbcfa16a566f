# node.sh: sourced. A node to measure, a lab of its own that goes when the shell ends; nothing outside it is touched.
#
# 20 network namespaces and 100,000 sockets. 32,500 connections are accelerated, so 65,000 entries in one map; they are
# spread over a client and a server for each pod, because a process may have 20,000 files. 17,500 are plain ones on
# loopback. A quarter of the accelerated ones, and half of the plain ones, are IPv6.
#
# Sets map, namespaces, servers, entries and work, a folder that goes as well.
# shellcheck shell=bash

# UNSTUCK_BENCH_ACCELERATED: fewer accelerated connections, and fewer plain ones in proportion, to try things out.
pods=18 accelerated=${UNSTUCK_BENCH_ACCELERATED:-32500}
plain=$((accelerated * 7 / 13))
entries=$((accelerated * 2))
lab=(--lab bench)

say() { echo "bench: $*" >&2; }

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

say "the lab"
"$unstuck_lab" up "${lab[@]}" --replace --map-size 65535 --pods "$pods" --output json > "$work/lab.json" 2> "$work/lab.log" ||
    { cat "$work/lab.log" >&2; exit 1; }
map=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["accelerator"]["mapID"])' "$work/lab.json")
# Every namespace on a line; every server's IPv4 and IPv6 address on one.
python3 -c '
import json, sys
for host in json.load(open(sys.argv[1]))["hosts"]: print(host["namespace"])' "$work/lab.json" > "$work/namespaces"
mapfile -t servers < <(python3 -c '
import json, sys
for host in json.load(open(sys.argv[1]))["hosts"]:
    if "/web-" in host["id"]: print(host["addresses"]["v4"], host["addresses"]["v6"])' "$work/lab.json")
mapfile -t namespaces < "$work/namespaces"

# share TOTAL COUNT INDEX: the size of one of COUNT shares that differ by one at most.
share() { echo $((($1 + $2 - 1 - $3) / $2)); }

say "$accelerated accelerated connections to ${#servers[@]} pods, $plain plain ones in ${#namespaces[@]} namespaces"
for index in "${!servers[@]}"; do
    read -r v4 v6 <<< "${servers[index]}"
    "$unstuck_lab" exec "${lab[@]}" --as node -- "$unstuck_lab" load --hold --seconds 3600 \
        --host "$([ $((index % 4)) = 3 ] && echo "$v6" || echo "$v4")" \
        --connections "$(share $accelerated ${#servers[@]} "$index")" > "$work/open.pod.$index" &
    pids+=($!)
done
for index in "${!namespaces[@]}"; do
    ip netns exec "${namespaces[index]}" python3 Benchmarks/audit/hold_plain.py \
        "$(share $plain ${#namespaces[@]} "$index")" > "$work/open.plain.$index" &
    pids+=($!)
done

for ((second = 0; ; second++)); do
    [ "$(cat "$work"/open.* | grep -c '^open: ' || true)" -lt "${#pids[@]}" ] || break
    for pid in "${pids[@]}"; do
        kill -0 "$pid" 2>/dev/null || { say "a client failed"; exit 1; }
    done
    [ "$second" -lt 600 ] || { say "the connections did not open within ten minutes"; exit 1; }
    sleep 1
done
