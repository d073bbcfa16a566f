#!/bin/bash
# soak.sh: the soak story with big counts on this machine and inside every kernel of the lab, one after the other.
# The result becomes docs/soak.md. A kernel whose story did not end well is named, and nothing is written.
set -eu -o pipefail

: "${UNSTUCK_BIN_DIR:?set by make soak}"
export PATH="$UNSTUCK_BIN_DIR:$PATH"
leaked=${UNSTUCK_SOAK_LEAKED:-5000} zombies=${UNSTUCK_SOAK_ZOMBIES:-1000}
[ "$(id -u)" = 0 ] || { echo "make soak: needs root, for namespaces and BPF" >&2; exit 1; }

folder=$(mktemp -d /tmp/unstuck-soaks.XXXXXX)
trap 'rm -rf "$folder"' EXIT
tools=()
for tool in bash cat grep head mktemp rm sed sleep sort tail wc; do tools+=(--program "$tool"); done
failed=()
rows=""
# soak NAME COMMAND…: one kernel's story.
soak() {
    local name=$1 begin=$SECONDS
    shift
    echo "── $name" >&2
    if ! "$@" >"$folder/$name"; then
        failed+=("$name")
        return
    fi
    # A kernel that leaks is known by what it leaves; how many the others left is part of the result.
    rows+=$(sed -n 's/.*"kernel":"\([^"]*\)","leaked":\([0-9]*\),"zombies":\([0-9]*\),"deleted":\([0-9]*\),"exchanges":\([0-9]*\),"look_seconds":\([0-9]*\),"repair_seconds":\([0-9]*\).*/| \1 | \2 | \3 | \4 | \5, none hurt | \6 s | \7 s |/p' \
        "$folder/$name")$'\n'
    echo "── $name: well, after $((SECONDS - begin)) s" >&2
}

soak machine scripts/soak-story.sh 0 "$zombies" 200
for kernel in $(sed -n 's/^name = "\(.*\)"/\1/p' lab/kernels.toml); do
    # What each kernel must leave is declared.
    case " $(unstuck-lab kernels "$kernel") " in *" leak "*) most=$leaked ;; *) most=0 ;; esac
    soak "$kernel" unstuck-lab boot "$kernel" "${tools[@]}" --file "$PWD/scripts/soak-story.sh" --limit 1500 -- \
        bash "$PWD/scripts/soak-story.sh" "$most" "$zombies" 20
done
[ "${#failed[@]}" = 0 ] || { echo "soak: did not end well: ${failed[*]}" >&2; exit 1; }
{
    echo "# Soak"
    echo
    echo "Written by \`make soak\` on $(date -u +%F): up to $leaked unaccepted connections and $zombies zombies in one sockmap, beside"
    echo "live accelerated connections that exchange checked data all the while (200 on the machine, 20 under emulation; IPv4 and"
    echo "IPv6, with churn). Everything dead is counted, deleted, and clean afterwards; ports that were poisoned answer again; no live"
    echo "connection got an error or a wrong byte, or stood still for 15 seconds."
    echo
    echo "| kernel | leaked | zombies | deleted | checked exchanges | diagnose | repair |"
    echo "|---|---|---|---|---|---|---|"
    printf '%s' "$rows"
} >docs/soak.md
cat docs/soak.md
