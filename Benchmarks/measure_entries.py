#!/usr/bin/env python3
"""Measures reading and evaluating a full sockmap against bpftool and against the bare kernel iteration.

One round runs the three one after the other; the ratios are taken within a round. Prints a table and, for each bar,
PASS or FALLS SHORT; exits 1 if any falls short.
"""
import argparse
import os
import statistics
import subprocess
import sys

import measuring


def loop_time(command):
    """Milliseconds that the loop of reads alone takes."""
    with os.popen(" ".join(command)) as output:
        nanoseconds, _, _ = output.read().split()
    return int(nanoseconds) / 1e6


parser = argparse.ArgumentParser()
parser.add_argument("--unstuck", required=True)
parser.add_argument("--bare", required=True, help="the bare iteration's program")
parser.add_argument("--object", required=True, help="the BPF object that unstuck embeds")
parser.add_argument("--map", required=True)
parser.add_argument("--entries", type=int, required=True)
parser.add_argument("--rounds", type=int, default=int(os.environ.get("UNSTUCK_BENCH_ROUNDS") or 15))
parser.add_argument("--report", required=True, help="the file to write the result to")
options = parser.parse_args()

bare = [options.bare, options.object, options.map]
# Some kernels refuse iterators over the elements of a map: there is no floor to compare with, and A looks keys up.
has_floor = subprocess.run(bare, check=False).returncode != 3
titles = {"A": "unstuck sockmaps entries --output json", "B": "bpftool -j map dump", "C": "bare kernel iteration"}
results = measuring.rounds(
    [
        ("A", ([options.unstuck, "sockmaps", "entries", "--map", options.map, "--output", "json"],)),
        ("B", (["bpftool", "-j", "map", "dump", "id", options.map],)),
        *([("C", (bare,))] if has_floor else []),
    ],
    options.rounds)
loops = [loop_time(bare + ["--loop"]) for _ in range(options.rounds)] if has_floor else []

wall = {name: [wall for wall, _, _ in result] for name, result in results.items()}
peak = max(peak for _, _, peak in results["A"])
faster = [b / a for a, b in zip(wall["A"], wall["B"])]
bars = [
    ("B/A: times as fast as bpftool", faster, "at least 5", statistics.median(faster) >= 5),
    ("A: MB, the highest peak of A", [peak], "less than 100", peak < 100),
]
note = ["", "This kernel refuses iter/sockmap: there is no bare iteration to compare with, and A looks up key by key."]
if has_floor:
    over_bare = [a / c for a, c in zip(wall["A"], wall["C"])]
    bars.append(("A/C: times the bare kernel iteration", over_bare, "at most 2", statistics.median(over_bare) <= 2))
    middle, ends = measuring.spread(loops)
    note = [f"| | C's loop of reads alone, for information | {middle} | {ends} | | |"]
else:
    del titles["C"]
verdicts, holds = measuring.evaluate(bars)
measuring.write(
    options.report, "A sockhash of 65,000 entries, read and checked",
    [
        f"{measuring.machine()}, {options.entries} entries, {options.rounds} rounds of A, B, C after one to warm up. "
        "Whole processes.",
        "",
        *measuring.times(results, titles),
        *note,
        "",
        *verdicts,
    ])
sys.exit(0 if holds else 1)
