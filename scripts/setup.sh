#!/bin/bash
# Installs what building and testing need and is not there yet. Does nothing, and needs no root, when nothing is missing.
set -eu -o pipefail

# Headers and archives to link with, the tools of the tests and benchmarks, and strip.
packages=(libbpf-dev libelf-dev zlib1g-dev linux-libc-dev pkg-config binutils bpftool iproute2 nftables
    util-linux procps gcc libc6-dev libstdc++-12-dev git ca-certificates python3 python3-jsonschema mandoc
    # Other kernels: the emulator, and what unpacks and packs their files.
    qemu-system-x86 kmod cpio xz-utils
    # What nginx is linked with: the lab unpacks the program itself aside, for its package would start a server.
    libcrypt1 libpcre2-8-0 libssl3 zlib1g
    # A client of Go's net/http, with whose words the tests compare the probe's.
    golang-go)

say() { echo "setup: $*" >&2; }

if ! command -v swift >/dev/null; then
    say "Swift 6.2 or later is not on the PATH; see https://www.swift.org/install/linux/"
    exit 1
fi

missing=()
for package in "${packages[@]}"; do
    # The real package, or one that provides it (pkg-config is one of those on Debian 12).
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
[ "${#missing[@]}" -gt 0 ] || exit 0

if [ "$(id -u)" != 0 ]; then
    say "missing: ${missing[*]}"
    say "run 'make setup' as root, or install them yourself"
    exit 1
fi
say "installing ${missing[*]}"
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
