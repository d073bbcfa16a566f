#!/bin/bash
# The story of one hanging request, on this machine's own kernel, in namespaces of our own. Nothing can leave the machine.
set -eu -o pipefail

: "${UNSTUCK_BIN_DIR:?set by make demo}"
export PATH="$UNSTUCK_BIN_DIR:$PATH"
lab=demo
export UNSTUCK_POD_LOGS=/run/unstuck-lab/$lab/log/pods
journal=/run/unstuck-lab/$lab/journal.jsonl
pod=203.0.113.10
pod6=2001:db8:0:1::10
started=()

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\e[1m' faint=$'\e[2m' plain=$'\e[0m'; else bold= faint= plain=; fi
say() { printf '\n%s── %s%s\n' "$bold" "$*" "$plain"; }
run() { printf '%s$ %s%s\n' "$faint" "$*" "$plain"; "$@"; }
node() { unstuck-lab exec --lab "$lab" --as node -- "$@"; }
# On the node, as kubelet would: in its control group and its namespace.
on_node() { printf '%snode$ %s%s\n' "$faint" "$*" "$plain"; node "$@"; }
# A step whose exit status is part of the story: anything else ends the demo.
expect() {
    local want=$1 got=0
    shift
    "$@" || got=$?
    [ "$got" = "$want" ] || { echo "demo: '$*' gave exit status $got, and the story needs $want" >&2; exit 1; }
}
clean_up() {
    trap - EXIT INT TERM
    for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
    unstuck-lab down --lab "$lab" >/dev/null 2>&1 || true
}

[ "$(id -u)" = 0 ] || { echo "make demo: needs root, for namespaces and BPF" >&2; exit 1; }
trap clean_up EXIT
trap 'exit 130' INT TERM

say "A node, two web pods, and an accelerator as Cilium 1.13 had it: sock_ops + sockmap + sk_msg"
unstuck-lab up --lab "$lab" --replace >/tmp/unstuck-demo.$$ 2>&1 || { cat /tmp/unstuck-demo.$$ >&2; exit 1; }
rm -f /tmp/unstuck-demo.$$
run unstuck-lab list --lab "$lab"
# Only the lab's own map: whatever else this machine accelerates is none of the demo's business.
map=$(sed -n 's/.*"mapID"[^0-9]*\([0-9]*\).*/\1/p' "/run/unstuck-lab/$lab/state.json" | head -1)
unstuck-lab exec --lab "$lab" --as node -- \
    unstuck-lab load --host 203.0.113.11 --connections 20 --seconds 110 >"/run/unstuck-lab/$lab/load.json" &
started+=($!)
sleep 1

say "Health checks pass"
expect 0 on_node unstuck probe "http://$pod:8080/healthz"
expect 0 on_node unstuck probe "http://[$pod6]:8080/healthz"

say "One client resets its connection; the server keeps the descriptor, as a busy server does"
run unstuck-lab break zombie --lab "$lab" --pod shop/web-0
run unstuck-lab break zombie --lab "$lab" --pod shop/web-0 --family 6

say "The next client that gets the same port: connected, and then nothing. In kubelet's own words:"
expect 1 on_node unstuck probe "http://$pod:8080/healthz" --source-port 50504
expect 1 on_node unstuck probe "http://[$pod6]:8080/healthz" --source-port 50504

say "Every other port still works: one check in N fails"
expect 0 on_node unstuck probe "http://$pod:8080/healthz"

say "Two requests hang while we look (their clients have a minute of patience)"
victims=()
for address in "$pod" "[$pod6]"; do
    unstuck-lab exec --lab "$lab" --as node -- \
        unstuck probe "http://$address:8080/healthz" --source-port 50504 --timeout 60 \
        >"/run/unstuck-lab/$lab/victim${#victims[@]}.txt" 2>&1 &
    victims+=($!)
    started+=($!)
done
sleep 1
expect 1 run unstuck diagnose --map "$map"

say "What would be done about it"
expect 1 run unstuck repair --map "$map" --reset-stuck

say "Do it"
expect 0 run unstuck repair --map "$map" --apply --reset-stuck --watch 3 --journal "$journal"

say "The clients that hung were told at once, instead of waiting out their minute"
for victim in "${victims[@]}"; do wait "$victim" || true; done
cat "/run/unstuck-lab/$lab"/victim?.txt

say "The same port, again"
expect 0 on_node unstuck probe "http://$pod:8080/healthz" --source-port 50504
expect 0 on_node unstuck probe "http://[$pod6]:8080/healthz" --source-port 50504
expect 0 run unstuck diagnose --map "$map"

say "What was written down, before and after each step"
cut -c1-150 "$journal" | sed 's/$/ …/'

say "The live connections noticed nothing"
kill -TERM "${started[0]}"
wait "${started[0]}"
cat "/run/unstuck-lab/$lab/load.json"

say "And the lab is gone again"
run unstuck-lab down --lab "$lab"
trap - EXIT
