#!/usr/bin/env python3
"""Measures the audit of a whole node, every key of a full sockmap held against every socket of every namespace, against
the way people do it today: bpftool, ss in each namespace, and a script that joins the two; and against the incident's
shell lines, on a sample.

Before that, all must find the same: the zombies that were made, by key, and nothing else. Prints a table and PASS or
FALLS SHORT; exits 1 if it falls short.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

import measuring

HERE = pathlib.Path(__file__).resolve().parent / "audit"

parser = argparse.ArgumentParser()
parser.add_argument("--unstuck", required=True)
parser.add_argument("--bare", required=True, help="the bare iteration's program")
parser.add_argument("--sockmap-object", required=True, help="the BPF objects that unstuck embeds")
parser.add_argument("--task-file-object", required=True)
parser.add_argument("--walk-object", required=True)
parser.add_argument("--map", required=True)
parser.add_argument("--namespaces", required=True, help="a file with their names, one a line")
parser.add_argument("--fault", action="append", default=[], help="what `unstuck-lab break` said of the zombies")
parser.add_argument("--entries", type=int, required=True)
parser.add_argument("--rounds", type=int, default=int(os.environ.get("UNSTUCK_BENCH_ROUNDS") or 9))
parser.add_argument("--sample", type=int, default=int(os.environ.get("UNSTUCK_BENCH_SAMPLE") or 200), help="how many keys the shell lines decode")
parser.add_argument("--report", required=True, help="the file to write the result to")
options = parser.parse_args()

namespaces = pathlib.Path(options.namespaces).read_text(encoding="utf-8").split()
unstuck = [options.unstuck, "diagnose", "--interval", "0", "--output", "json"]
# Not through the name python3, which may be a slow wrapper: that would be unfair.
peer = [sys.executable, str(HERE / "peer.py"), options.map, *namespaces]
shell = [str(HERE / "shell_decoders.sh"), options.map, str(options.sample), *namespaces]
bare = [options.bare, options.sockmap_object, options.map, options.task_file_object, options.walk_object]
# 1: findings. 2: something else on this machine could not be checked, which is said.
FOUND = (0, 1, 2)


def planted():
    """The dead connections as their clients saw them."""
    for path in options.fault:
        fault = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))["fault"]
        for victim in fault["victims"]:
            yield victim["local"], victim["remote"]


def check():
    """All find the same. Returns the totals of the whole node."""
    with tempfile.TemporaryDirectory() as folder:
        ours_file, peers_file = f"{folder}/ours", f"{folder}/peers"
        measuring.run(unstuck, FOUND, ours_file)
        measuring.run(peer, output=peers_file)
        ours = json.loads(pathlib.Path(ours_file).read_text(encoding="utf-8"))["data"]
        peers = [line.split() for line in pathlib.Path(peers_file).read_text(encoding="utf-8").splitlines()]
    dead = {one["key"] for one in ours["suspects"] if one["map"] == int(options.map)}
    missing = {key for key, _, _ in peers}
    named = {(remote, local) for _, local, remote in peers}
    if ours["findings"]:
        sys.exit(f"measure_audit: nothing was to be found at first sight, but: {ours['findings'][0]['summary']}")
    if named != set(planted()) or dead != missing or not dead:
        sys.exit(f"measure_audit: {len(set(planted()))} zombies were made; unstuck found {len(dead)}, bpftool and ss "
                 f"{len(missing)} keys without a socket, of which unstuck has {len(dead & missing)}")
    print(f"checked: {len(dead)} dead keys of {ours['totals']['entries']}, the same for both and those that were made",
          flush=True)
    for unknown in ours["unknown"]:
        print(f"unstuck could not tell: {unknown}")
    return ours["totals"], len(dead)


def shell_lines():
    """Seconds for all keys, extrapolated, milliseconds a key, and how many keys were decoded. A sample of live keys only:
    what it reports as missing would be wrong."""
    first, *missing = subprocess.run(shell, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    once, keys, count = map(int, first.split())
    wrong = [line for line in missing if (line.split()[1], line.split()[0]) not in set(planted())]
    if count == 0 or wrong:
        sys.exit(f"measure_audit: the shell lines decoded {count} keys and miss {wrong[:3]}")
    return (once + keys / count * options.entries) / 1e9, keys / count / 1e6, count


def bare_passes():
    """Milliseconds of the kernel's four passes, and the records of each."""
    lines = subprocess.run(bare, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    return [(int(nanoseconds) / 1e6, int(records)) for nanoseconds, _, records in map(str.split, lines)]


totals, dead = check()
passes = bare_passes()
has_map = passes[0][1] > 0
results = measuring.rounds(
    [("A", (unstuck, FOUND)), ("B", (peer,)), ("C", (bare,))], options.rounds)
seconds, per_key, sampled = shell_lines()

wall = {name: [wall for wall, _, _ in result] for name, result in results.items()}
faster = [b / a for a, b in zip(wall["A"], wall["B"])]
over_bare = [a / c for a, c in zip(wall["A"], wall["C"])]
verdicts, holds = measuring.evaluate([
    ("B/A: times as fast as bpftool, ss and a script", faster, "at least 8", statistics.median(faster) >= 8),
    ("A/C: times a bare C reading of the same sources", over_bare, "at most 1.3", statistics.median(over_bare) <= 1.3),
])
measuring.write(
    options.report, "A whole node, audited",
    [
        f"{measuring.machine()}. {options.entries} entries in one sockhash, {totals['sockets']} TCP sockets seen on the "
        f"machine, {len(namespaces)} network namespaces of the lab. {dead} stale entries: A and B name exactly "
        f"these. {options.rounds} rounds of A, B, C after one to warm up. Whole processes.",
        "",
        *measuring.times(results, {
            "A": "unstuck diagnose --interval 0 --output json",
            "B": "bpftool -j map dump; ss -tinH in each namespace; a Python script joins them",
            "C": "the same sources read by a C program, one thread, no output: " + (
                "the map, held sockets, hash tables, the map again" if has_map
                else "held sockets and hash tables alone, for this kernel refuses iter/sockmap"),
        }),
        "",
        *verdicts,
        "",
        "C's passes in one run: " + ", ".join(
            f"{what} {milliseconds:.1f} ms ({records} records)"
            for what, (milliseconds, records) in zip(["map", "held sockets", "hash tables", "map"], passes)) + ".",
        "",
        f"The incident's shell lines, extrapolated from {sampled} keys at {per_key:.1f} ms each: {seconds / 60:.0f} minutes "
        f"for all {options.entries}, {seconds * 1000 / statistics.median(wall['A']):.0f} times as long as A. Dump and "
        "socket lists are made once and kept in files, which the incident's lines did not do.",
    ])
sys.exit(0 if holds else 1)
