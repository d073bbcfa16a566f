#!/usr/bin/env python3
"""Measures reading and judging a full sockmap against bpftool and against the bare kernel iteration.

One round runs the three one after the other; the ratios are taken within a round. Prints a table and, for each bar,
PASS or FALLS SHORT; exits 1 if any falls short.
"""
import argparse
import os
import statistics
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
titles = {"A": "unstuck sockmaps entries --output json", "B": "bpftool -j map dump", "C": "bare kernel iteration"}
results = measuring.rounds(
    [
        ("A", ([options.unstuck, "sockmaps", "entries", "--map", options.map, "--output", "json"],)),
        ("B", (["bpftool", "-j", "map", "dump", "id", options.map],)),
        ("C", (bare,)),
    ],
    options.rounds)
loops = [loop_time(bare + ["--loop"]) for _ in range(options.rounds)]

wall = {name: [wall for wall, _, _ in result] for name, result in results.items()}
peak = max(peak for _, _, peak in results["A"])
faster = [b / a for a, b in zip(wall["A"], wall["B"])]
over_bare = [a / c for a, c in zip(wall["A"], wall["C"])]
verdicts, holds = measuring.judge([
    ("B/A: times as fast as bpftool", faster, "at least 5", statistics.median(faster) >= 5),
    ("A/C: times the bare kernel iteration", over_bare, "at most 2", statistics.median(over_bare) <= 2),
    ("A: MB, the highest peak of A", [peak], "less than 100", peak < 100),
])
middle, ends = measuring.spread(loops)
measuring.write(
    options.report, "A sockhash of 65,000 entries, read and judged",
    [
        f"{measuring.machine()}, {options.entries} entries, {options.rounds} rounds of A, B, C after one to warm up. "
        "Whole processes.",
        "",
        *measuring.times(results, titles),
        f"| | C's loop of reads alone, for information | {middle} | {ends} | | |",
        "",
        *verdicts,
    ])
sys.exit(0 if holds else 1)
