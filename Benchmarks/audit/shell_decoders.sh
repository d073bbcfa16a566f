#!/bin/bash
# shell_decoders.sh MAP COUNT NAMESPACE…: the audit as the incident's own shell lines do it, key by key: the bytes of a
# key are cut out of bpftool's dump, each turned into text by awk, xargs and printf, and the result looked for in ss's
# output. Dump and lists are made once and kept in files, which the incident's lines did not do.
#
# Does so for the first COUNT keys of IPv4, the only ones that such lines decode, and prints: nanoseconds for what is
# done once, nanoseconds for the keys, the keys that have no socket.
set -eu -o pipefail
map=$1 count=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# hex_to_ip "c0 00 02 0a": 192.0.2.10
hex_to_ip() { echo "$1" | awk '{ print "0x" $1, "0x" $2, "0x" $3, "0x" $4 }' | xargs printf '%d.%d.%d.%d\n'; }
# hex_to_port "1f 90": 8080
hex_to_port() { echo "$1" | awk '{ print "0x" $1 $2 }' | xargs printf '%d\n'; }

begin=$(date +%s%N)
bpftool map dump id "$map" > "$work/dump"
for namespace; do ip netns exec "$namespace" ss -tinH; done > "$work/sockets"
once=$(date +%s%N)

# Three lines a key: the peer's address, its own, then family and ports.
grep -B 2 '^01 0[06] 00 00' "$work/dump" | grep -v '^--' | head -n $((count * 3)) > "$work/keys" || true
missing=()
while read -r peer && read -r own && read -r ports; do
    peer=$(hex_to_ip "$peer"):$(hex_to_port "$(echo "$ports" | cut -c13-17)")
    own=$(hex_to_ip "$own"):$(hex_to_port "$(echo "$ports" | cut -c26-30)")
    grep -qE -e " $own +$peer( |\$)" -e "\[::ffff:${own/:/]:} +\[::ffff:${peer/:/]:}( |\$)" "$work/sockets" || missing+=("$own $peer")
done < "$work/keys"
end=$(date +%s%N)

echo "$((once - begin)) $((end - once)) $(($(wc -l < "$work/keys") / 3))"
[ "${#missing[@]}" = 0 ] || printf '%s\n' "${missing[@]}"
