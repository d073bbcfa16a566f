#!/usr/bin/env python3
"""Measures reading and judging a full sockmap against bpftool and against the bare kernel iteration.

One round runs the three one after the other, so that what else the machine does meets all of them; the ratios are
taken within a round. Prints a table and, for each bar, PASS or FALLS SHORT; exits 1 if any falls short.
"""
import argparse
import datetime
import os
import statistics
import sys
import time


def run(command):
    """Runs a command to its end, its output thrown away: wall seconds, CPU seconds, peak resident MB."""
    null = [(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)]
    start = time.perf_counter()
    pid = os.posix_spawnp(command[0], command, os.environ, file_actions=null)
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"measure: {' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    # The kernel counts in what the child shared with us before exec, some 15 MB: the peaks of B and C are no lower.
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6


def loop_time(command):
    """Milliseconds that the loop of reads alone takes."""
    with os.popen(" ".join(command)) as output:
        nanoseconds, _, _ = output.read().split()
    return int(nanoseconds) / 1e6


def spread(values, unit="", digits=1):
    return (f"{statistics.median(values):.{digits}f}{unit}", f"{min(values):.{digits}f}–{max(values):.{digits}f}{unit}")


parser = argparse.ArgumentParser()
parser.add_argument("--unstuck", required=True)
parser.add_argument("--bare", required=True, help="the bare iteration's program")
parser.add_argument("--object", required=True, help="the BPF object that unstuck embeds")
parser.add_argument("--map", required=True)
parser.add_argument("--entries", type=int, required=True)
parser.add_argument("--rounds", type=int, default=15)
parser.add_argument("--report", required=True, help="the file to write the result to")
options = parser.parse_args()

bare = [options.bare, options.object, options.map]
commands = {
    "A": ("unstuck sockmaps entries --output json",
          [options.unstuck, "sockmaps", "entries", "--map", options.map, "--output", "json"]),
    "B": ("bpftool -j map dump", ["bpftool", "-j", "map", "dump", "id", options.map]),
    "C": ("bare kernel iteration", bare),
}

for _, command in commands.values():
    run(command)  # warm
results = {name: [] for name in commands}
for number in range(options.rounds):
    for name, (_, command) in commands.items():
        results[name].append(run(command))
loops = [loop_time(bare + ["--loop"]) for _ in range(options.rounds)]

wall = {name: [seconds * 1000 for seconds, _, _ in results[name]] for name in commands}
cpu = {name: [seconds * 1000 for _, seconds, _ in results[name]] for name in commands}
memory = {name: [peak for _, _, peak in results[name]] for name in commands}
faster = [b / a for a, b in zip(wall["A"], wall["B"])]
over_bare = [a / c for a, c in zip(wall["A"], wall["C"])]
bars = [
    ("B/A", "times as fast as bpftool", faster, "at least 5", statistics.median(faster) >= 5),
    ("A/C", "times the bare kernel iteration", over_bare, "at most 2", statistics.median(over_bare) <= 2),
    ("A", "MB, the highest peak of A", [max(memory["A"])], "less than 100", max(memory["A"]) < 100),
]

lines = [
    f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d}, Linux {os.uname().release}, {os.cpu_count()} CPUs, "
    f"{options.entries} entries, {options.rounds} rounds of A, B, C after one to warm up. Whole processes.",
    "",
    "| | | wall ms, median | min–max | CPU ms | peak MB |",
    "|---|---|---|---|---|---|",
]
for name, (title, _) in commands.items():
    middle, ends = spread(wall[name])
    lines.append(
        f"| {name} | `{title}` | {middle} | {ends} | {statistics.median(cpu[name]):.1f} | {max(memory[name]):.1f} |")
middle, ends = spread(loops)
lines += [
    f"| | C's loop of reads alone, for information | {middle} | {ends} | | |",
    "",
    "| | median | min–max | bar | |",
    "|---|---|---|---|---|",
]
for name, title, values, bar, holds in bars:
    middle, ends = spread(values, digits=2)
    lines.append(f"| {name}: {title} | {middle} | {ends} | {bar} | {'PASS' if holds else 'FALLS SHORT'} |")

print("\n".join(lines))
with open(options.report, "w", encoding="utf-8") as file:
    file.write("# A sockhash of 65,000 entries, read and judged\n\n")
    file.write("Written by `make bench`.\n\n" + "\n".join(lines) + "\n")
sys.exit(0 if all(holds for *_, holds in bars) else 1)
