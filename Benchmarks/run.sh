#!/bin/bash
# run.sh [--audit|--guard|--sockets] [KERNEL]: how fast a full sockmap is read and checked, how fast a whole node is audited, how
# fast all of its sockets are listed, and what a guard costs; with --audit, --guard or --sockets only that. On this machine, or inside a kernel of lab/kernels.toml, where everything is slower. Needs root; `make
# bench` does its set-up. Exits 1 if a bar is not reached.
set -eu -o pipefail
cd "$(dirname "$0")/.."

only=()
case "${1:-}" in --audit | --guard | --sockets) only=("$1"); shift ;; esac
kernel=${1:-}
[ "$(id -u)" = 0 ] || { echo "bench: needs root, for namespaces and BPF" >&2; exit 1; }
[ -n "${UNSTUCK_BIN_DIR:-}" ] || { make release; UNSTUCK_BIN_DIR=$PWD/.build/dist; }
export UNSTUCK_BIN_DIR

tools=$(mktemp -d /tmp/unstuck-bench.XXXXXX)
trap 'rm -rf "$tools"' EXIT

# compiled NAME: the object that the build has just embedded. There is one for each name that this folder was ever built
# under.
compiled() {
    local object
    object=$(find .build/plugins/outputs -name "$1.swift.o" -printf '%T@ %p\n' | sort -rn | head -1 | cut -d' ' -f2-)
    [ -n "$object" ] || { echo "bench: no compiled BPF object below .build/plugins/outputs: make release" >&2; return 1; }
    echo "$object"
}
cp "$(compiled observeSockmapObject)" "$tools/sockmap.o"
cp "$(compiled observeTaskFileObject)" "$tools/task_file.o"
cp "$(compiled walkSocketsObject)" "$tools/walk.o"
cp "$(compiled inspectTaskFileObject)" "$tools/inspect_task_file.o"
cp "$(compiled inspectWalkObject)" "$tools/inspect_walk.o"
cc -O2 -Wall -Wextra -Werror -static -Ibpf/abi/include -o "$tools/bare_iteration" Benchmarks/bare_iteration.c -lbpf -lelf -lz

if [ -z "$kernel" ]; then
    Benchmarks/measure.sh "$tools" Benchmarks/results "${only[@]}"
    exit
fi
# Debian's own python3: of another one the guest would need the whole installation.
export PATH=/usr/bin:$PATH
programs=()
for program in bash python3 bpftool ip ss nsenter cat grep awk xargs printf cut dirname head wc date mktemp mkdir rm sleep kill; do
    ! command -v "$program" > /dev/null || programs+=(--program "$program")
done
python=$(python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')
status=0
"$UNSTUCK_BIN_DIR/unstuck-lab" boot "$kernel" --memory 4096 --limit 3600 "${programs[@]}" --file "$python" \
    --file "$PWD/Benchmarks" --file "$tools" --env UNSTUCK_BIN_DIR=/usr/bin --env "UNSTUCK_BENCH_WHERE=inside a guest" \
    --env UNSTUCK_BENCH_SAMPLE=20 --env "UNSTUCK_BENCH_ACCELERATED=${UNSTUCK_BENCH_ACCELERATED:-}" --env "UNSTUCK_BENCH_ROUNDS=${UNSTUCK_BENCH_ROUNDS:-3}" \
    --collect /tmp/results/latest.md --collect /tmp/results/audit.md --collect /tmp/results/guard.md \
    --collect /tmp/results/sockets.md --results "$tools" \
    -- bash -c 'mkdir /tmp/results && cd "$0" && exec Benchmarks/measure.sh "$@"' "$PWD" "$tools" /tmp/results "${only[@]}" ||
    status=$?
for result in latest audit guard sockets; do
    [ ! -e "$tools/$result.md" ] || cp "$tools/$result.md" "Benchmarks/results/$result-$kernel.md"
done
exit "$status"
