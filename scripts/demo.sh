#!/bin/bash
# demo.sh [KERNEL]: the story of a hanging request, on this machine's own kernel or inside one of lab/kernels.toml: the
# incident's own where that kernel leaks, else the zombie's, which every kernel tells.
set -eu -o pipefail

: "${UNSTUCK_BIN_DIR:?set by make demo}"
export PATH="$UNSTUCK_BIN_DIR:$PATH"
cd "$(dirname "$0")/.."
stories=$PWD/scripts/stories
kernel=${1:-}

[ "$EUID" = 0 ] || { echo "make demo: needs root, for namespaces and BPF" >&2; exit 1; }
[ -n "$kernel" ] || exec "$stories/zombie.sh"

provides=" $(unstuck-lab kernels "$kernel") "
case $provides in
*" leak "*) story=leak ;;
*" zombie "*) story=zombie ;;
*) echo "demo: no story fits $kernel, which provides nothing" >&2; exit 1 ;;
esac

echo "The story of the $story, inside Linux $kernel (provides:${provides% })"
programs=()
for program in bash sleep sed cut cat grep head tail wc rm; do programs+=(--program "$program"); done
exec unstuck-lab boot "$kernel" --limit 600 "${programs[@]}" --file "$stories" \
    --env UNSTUCK_BIN_DIR=/usr/bin --env UNSTUCK_PATIENCE=10 --env "NO_COLOR=${NO_COLOR:-}" \
    -- bash "$stories/$story.sh"
