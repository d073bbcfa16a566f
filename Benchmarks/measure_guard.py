#!/usr/bin/env python3
"""Measures what a guard costs where nothing is wrong: accelerated connections that are made, used once and closed, one after
the other, without a guard, with a pinned one, and with a process. They take turns in one process's rounds, in another
order each time; the ratios are taken within a round. Prints a table and PASS or FALLS SHORT; exits 1 if it falls short.

The ratios' mean is the geometric one: of two equal things that are both measured with noise, the arithmetic mean of a / b is
above 1, and of b / a too. A second run without a guard in each round shows what equal things come to here.
"""
import argparse
import json
import math
import os
import pathlib
import random
import signal
import statistics
import subprocess
import sys
import time

import measuring

parser = argparse.ArgumentParser()
parser.add_argument("--unstuck", required=True)
parser.add_argument("--unstuck-lab", required=True)
parser.add_argument("--cycles", type=int, default=int(os.environ.get("UNSTUCK_BENCH_CYCLES") or 4000))
parser.add_argument("--rounds", type=int, default=int(os.environ.get("UNSTUCK_BENCH_ROUNDS") or 30))
parser.add_argument("--report", required=True, help="the file to write the result to")
options = parser.parse_args()

STATISTICS = pathlib.Path("/proc/sys/kernel/bpf_stats_enabled")


class Cycles:
    """The lab's process that makes and closes connections when it is told to."""

    def __init__(self):
        self.process = subprocess.Popen(
            [options.unstuck_lab, "stress", "cycles", "--count", str(options.cycles), "--output", "json"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.map = json.loads(self.process.stdout.readline())["map"]

    def microseconds(self):
        """Of one connection."""
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        result = json.loads(self.process.stdout.readline())
        return result["seconds"] / result["cycles"] * 1e6

    def end(self):
        self.process.stdin.close()
        self.process.wait()


class Guard:
    """A guard of the map while the block lasts."""

    def __init__(self, kind, sockmap):
        self.kind, self.map, self.process = kind, str(sockmap), None

    def __enter__(self):
        command = [options.unstuck, "guard", "up", "--map", self.map, "--output", "json"]
        if self.kind == "pinned":
            subprocess.run(command + ["--pin"], check=True, stdout=subprocess.DEVNULL)
        elif self.kind == "process":
            self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
            state = pathlib.Path(f"/run/unstuck/guard/{self.map}.json")
            for _ in range(200):
                if state.exists():
                    break
                time.sleep(0.05)
            else:
                sys.exit("measure_guard: the guard did not begin")
            time.sleep(0.2)  # its first look through the map

    def __exit__(self, *_):
        if self.kind == "pinned":
            subprocess.run([options.unstuck, "guard", "down", "--map", self.map], check=True, stdout=subprocess.DEVNULL)
        elif self.process:
            self.process.send_signal(signal.SIGTERM)
            if self.process.wait() != 0:
                sys.exit("measure_guard: the guard did not end well")


def interval(ratios):
    """The geometric mean's 95 % interval, by resampling."""
    chance = random.Random(1)
    logarithms = [math.log(ratio) for ratio in ratios]
    means = sorted(statistics.fmean(chance.choices(logarithms, k=len(logarithms))) for _ in range(10_000))
    return math.exp(means[249]), math.exp(means[9749])


def accounts(sockmap):
    """What each of the map's programs has run so far: nanoseconds and times."""
    shown = json.loads(subprocess.run(["bpftool", "-j", "prog", "show"], check=True, stdout=subprocess.PIPE).stdout)
    return {program["name"]: (program.get("run_time_ns", 0), program.get("run_cnt", 0))
            for program in shown if sockmap in program.get("map_ids", [])}


def run_times(cycles, kind):
    """Nanoseconds that each program ran for one connection, and how often, by the kernel's own account, which costs a
    little itself and is kept out of the rounds above."""
    settings = STATISTICS.read_text()
    with Guard(kind, cycles.map):
        STATISTICS.write_text("1")
        try:
            before = accounts(cycles.map)
            cycles.microseconds()
            after = accounts(cycles.map)
        finally:
            STATISTICS.write_text(settings)
    return {name: [(now - then) / options.cycles for now, then in zip(after[name], before.get(name, (0, 0)))]
            for name in after}


kinds = ["none", "none again", "pinned", "process"]
cycles = Cycles()
took = {kind: [] for kind in kinds}
chance = random.Random(2)
for number in range(options.rounds + 1):
    for kind in chance.sample(kinds, k=len(kinds)):
        with Guard(kind, cycles.map):
            one = cycles.microseconds()
        if number > 0:
            took[kind].append(one)
programs = {kind: run_times(cycles, kind) for kind in kinds if kind != "none again"}
cycles.end()

lines = [
    f"{measuring.machine()}. {options.cycles} connections a run, each made, used for one redirected message and closed, both ends "
    f"in one process and one after the other; {options.rounds} rounds of four runs in changing order, after one to warm up. "
    "Microseconds a connection.", "",
    "| guard | median | min–max | ÷ none, geometric mean | 95 % interval | aim |", "|---|---|---|---|---|---|",
]
holds = True
for kind in kinds:
    middle, ends = measuring.spread(took[kind])
    if kind == "none":
        lines.append(f"| none | {middle} | {ends} | | | |")
        continue
    ratios = [with_guard / without for with_guard, without in zip(took[kind], took["none"])]
    low, high = interval(ratios)
    mean = statistics.geometric_mean(ratios)
    if kind == "none again":
        aim = "equal: 1" if low <= 1 <= high else "NOT EQUAL: something else changed meanwhile"
        holds = holds and low <= 1 <= high
    else:
        aim = "at most 1.03: " + ("PASS" if high <= 1.03 else "FALLS SHORT" if low > 1.03 else "not told by the interval")
        holds = holds and high <= 1.03
    lines.append(f"| {kind} | {middle} | {ends} | {mean:.4f} | {low:.4f}–{high:.4f} | {aim} |")
lines += ["", "What the kernel says that its programs ran, nanoseconds (and runs) a connection:", "",
          "| program | " + " | ".join(programs) + " |", "|---|" + "---|" * len(programs)]
for name in sorted({name for one in programs.values() for name in one}):
    cells = [one.get(name) for one in programs.values()]
    lines.append(f"| `{name}` | " + " | ".join(f"{cell[0]:.0f} ({cell[1]:.1f})" if cell else "–" for cell in cells) + " |")
measuring.write(options.report, "What a guard costs", lines)
sys.exit(0 if holds else 1)
