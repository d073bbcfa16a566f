#!/bin/bash
# dist.sh FROM TO PROGRAM…: stripped copies of programs, made anew only when the program is newer. Refuses one that is
# not fully static: it would not start on a node with an older libc.
set -eu -o pipefail

from=$1 to=$2
shift 2
mkdir -p "$to"
for program in "$@"; do
    if readelf --program-headers "$from/$program" | grep -q INTERP; then
        echo "dist: $program is not fully static" >&2
        exit 1
    fi
    [ "$to/$program" -nt "$from/$program" ] && continue
    strip -o "$to/$program.new" "$from/$program"
    mv "$to/$program.new" "$to/$program"  # in one step: nobody sees half of it
done
ls -l "$to"
