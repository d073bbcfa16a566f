#!/bin/bash
# soak-story.sh LEAKED ZOMBIES CONNECTIONS (ZOMBIES: a multiple of 100; LEAKED 0: this kernel must leave nothing): many stale entries beside live load on this kernel, found, counted and deleted.
# Prints one line of JSON with what happened; anything that is not as it must be ends it with status 1.
set -eu -o pipefail

leaked=$1 zombies=$2 connections=$3
lab=soak
export UNSTUCK_POD_LOGS=/run/unstuck-lab/$lab/log/pods
folder=$(mktemp -d /tmp/unstuck-soak.XXXXXX)
loads=()
clean_up() {
    trap - EXIT
    for pid in "${loads[@]}"; do kill "$pid" 2>/dev/null || true; done
    unstuck-lab down --lab "$lab" >/dev/null 2>&1 || true
    rm -rf "$folder"
}
trap clean_up EXIT
trap 'exit 130' INT TERM
fail() { echo "soak: $*" >&2; exit 1; }
number() { sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p" "$2" | head -n 1; }
count() { grep -o "$1" "$2" | wc -l || true; }

unstuck-lab up --lab "$lab" --replace >&2
map=$(sed -n 's/.*"mapID"[^0-9]*\([0-9]*\).*/\1/p' "/run/unstuck-lab/$lab/state.json" | head -n 1)
for host in 203.0.113.11 2001:db8:0:1::11; do
    unstuck-lab exec --lab "$lab" --as node -- \
        unstuck-lab load --host "$host" --connections $((connections / 2)) --churn 200 --patience 15 --seconds 1500 >"$folder/load.$host" &
    loads+=($!)
done

# A port may come round again: its connection meets the entry that is there already. Distinct ones are counted.
left=0 round=0
: >"$folder/victims"
while true; do
    round=$((round + 1))
    unstuck-lab break leak --lab "$lab" --pod shop/web-0 --count 500 --output json >"$folder/leak"
    grep -o '"local":"[^"]*"' "$folder/leak" >>"$folder/victims" || true
    left=$(sort -u "$folder/victims" | wc -l)
    if [ "$leaked" = 0 ]; then
        [ "$left" = 0 ] || fail "this kernel leaks: $left entries"
        break
    fi
    [ "$left" -gt 0 ] || fail "this kernel should leak, and left nothing"
    [ "$left" -lt "$leaked" ] || break
done
echo "soak: $round rounds of 500 unaccepted connections left $left entries" >&2
for ((first = 0; first < zombies; first += 100)); do
    unstuck-lab break zombie --lab "$lab" --pod shop/web-0 --source-port $((20000 + first)) --count 100 >/dev/null
done
echo "soak: $zombies zombies" >&2

begin=$SECONDS
unstuck diagnose --map "$map" --output json >"$folder/found" || status=$?
[ "${status:-0}" = 1 ] || fail "diagnose ended with status ${status:-0}: $(head -c 2000 "$folder/found")"
looked=$((SECONDS - begin))
unstuck repair --map "$map" --apply --force --discard-unread --limit 100000 --output json \
    --journal "$folder/journal" >"$folder/repaired" || fail "repair: $(tail -c 2000 "$folder/repaired")"
repaired=$((SECONDS - begin - looked))
deleted=$(count '"outcome":"deleted"' "$folder/repaired")
[ "$deleted" = $((left + zombies)) ] || fail "$deleted entries deleted, and there were $left + $zombies"
unstuck diagnose --map "$map" --output json >"$folder/after" || fail "not clean afterwards: $(head -c 2000 "$folder/after")"
for port in 20000 $((20000 + zombies / 2)) $((20000 + zombies - 1)); do
    unstuck-lab exec --lab "$lab" --as node -- \
        unstuck probe http://203.0.113.10:8080/healthz --source-port "$port" --timeout 5 >&2 || fail "port $port hangs"
done
exchanges=0
kill -TERM "${loads[@]}"
for pid in "${loads[@]}"; do wait "$pid" || fail "the live load was hurt: $(cat "$folder"/load.*)"; done
loads=()
for report in "$folder"/load.*; do exchanges=$((exchanges + $(number exchanges "$report"))); done
[ "$exchanges" -gt 0 ] || fail "the live load did nothing"
release=$(sed 's/[^0-9.].*//' /proc/sys/kernel/osrelease)
echo "{\"kernel\":\"$release\",\"leaked\":$left,\"zombies\":$zombies,\"deleted\":$deleted,\"exchanges\":$exchanges,\"look_seconds\":$looked,\"repair_seconds\":$repaired}"
