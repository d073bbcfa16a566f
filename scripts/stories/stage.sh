# What the stories share: sourced by them. A node with two web pods and the reference accelerator, in namespaces of our
# own: nothing can leave the machine.
set -eu -o pipefail

: "${UNSTUCK_BIN_DIR:?set by make demo}"
export PATH="$UNSTUCK_BIN_DIR:$PATH"
lab=demo
folder=/run/unstuck-lab/$lab
export UNSTUCK_POD_LOGS=$folder/log/pods
pod=203.0.113.10
pod6=2001:db8:0:1::10
started=()
# Under emulation even a healthy answer can take longer than kubelet would wait.
patience=(${UNSTUCK_PATIENCE:+--timeout "$UNSTUCK_PATIENCE"})

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\e[1m' faint=$'\e[2m' plain=$'\e[0m'; else bold= faint= plain=; fi
say() { printf '\n%s── %s%s\n' "$bold" "$*" "$plain"; }
run() { printf '%s$ %s%s\n' "$faint" "$*" "$plain"; "$@"; }
node() { unstuck-lab exec --lab "$lab" --as node -- "$@"; }
# On the node, as kubelet would: in its control group and its namespace.
on_node() { printf '%snode$ %s%s\n' "$faint" "$*" "$plain"; node "$@"; }
# The same in the background: nobody waits for it but the story.
begin() {
    local output=$1
    shift
    unstuck-lab exec --lab "$lab" --as node -- "$@" >"$output" 2>&1 &
    started+=($!)
}
# A step whose exit status is part of the story: anything else ends the demo.
expect() {
    local want=$1 got=0
    shift
    "$@" || got=$?
    [ "$got" = "$want" ] || { echo "demo: '$*' gave exit status $got, and the story needs $want" >&2; exit 1; }
}
# A health check that must pass.
passes() { expect 0 on_node unstuck probe "$@" "${patience[@]}"; }
end_all() {
    for pid in "${started[@]}"; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
}
clean_up() {
    trap - EXIT INT TERM
    end_all
    unstuck-lab down --lab "$lab" >/dev/null 2>&1 || true
}
trap clean_up EXIT
trap 'exit 130' INT TERM

set_the_stage() {
    local said=/tmp/unstuck-demo.$$
    unstuck-lab up --lab "$lab" --replace >"$said" 2>&1 || { cat "$said" >&2; exit 1; }
    rm -f "$said"
    run unstuck-lab list --lab "$lab"
    # Only the lab's own map: whatever else this machine accelerates is none of the demo's business.
    map=$(sed -n 's/.*"mapID"[^0-9]*\([0-9]*\).*/\1/p' "$folder/state.json" | head -1)
}
strike_the_stage() {
    end_all
    run unstuck-lab down --lab "$lab"
    trap - EXIT
}

# The clients behind the first one that was begun: their words, which tell that they did not have to wait.
victims_were_reset() {
    local victim
    for victim in "${started[@]:1}"; do wait "$victim" || true; done
    cat "$folder"/victim?.txt
    for victim in "$folder"/victim?.txt; do expect 0 grep -q "connected, then reset" "$victim"; done
}
