#!/usr/bin/env python3
"""Measures the list of all sockets of a node, with all that is known of each and with their owners, against ss in each
namespace, and against a bare C reading of the same sources.

Before that, both must list the same connections. Prints a table and PASS or FALLS SHORT; exits 1 if it falls short.
"""
import argparse
import json
import multiprocessing
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

import measuring

parser = argparse.ArgumentParser()
parser.add_argument("--unstuck", required=True)
parser.add_argument("--bare", required=True, help="the bare iteration's program")
parser.add_argument("--task-file-object", required=True, help="the BPF objects that unstuck embeds")
parser.add_argument("--walk-object", required=True)
parser.add_argument("--namespaces", required=True, help="a file with their names, one a line")
parser.add_argument("--rounds", type=int, default=int(os.environ.get("UNSTUCK_BENCH_ROUNDS") or 9))
parser.add_argument("--report", required=True, help="the file to write the result to")
options = parser.parse_args()

namespaces = pathlib.Path(options.namespaces).read_text(encoding="utf-8").split()
unstuck = [options.unstuck, "sockets", "-o", "json"]
# Without -p: it would look through /proc anew in each namespace. What it says on stderr fails the run.
listing = 'set -e; for name; do nsenter --net="/run/netns/$name" ss -tinoeH; done'
ss = ["/bin/bash", "-c", listing, "ss", *namespaces]
bare = [options.bare, "--sockets", options.task_file_object, options.walk_object]
# 2: a namespace beside the lab's could not be read whole, which is said.
READ = (0, 2)


def ours(file):
    """Both addresses of every end in the lab's namespaces, and how many sockets and owners there are in all."""
    inodes = {os.stat(f"/run/netns/{name}").st_ino for name in namespaces}
    ends, sockets, owned = set(), 0, 0
    with open(file, encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            for side, own, other in (("client", "client_address", "server_address"),
                                     ("server", "server_address", "client_address"), ("listener", None, None)):
                if side not in row:
                    continue
                sockets += 1
                owned += "owners" in row[side]
                if own and row[side]["netns"] in inodes:
                    ends.add((row[own], row[other]))
    return ends, sockets, owned


def theirs():
    output = subprocess.run(ss, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if output.stderr:
        sys.exit(f"measure_sockets: ss says: {output.stderr[:200]}")
    ends = set()
    for line in output.stdout.splitlines():
        if line[0] not in " \t":
            # ss writes a dual-stack socket's addresses as mapped ones.
            local, remote = (end.replace("[::ffff:", "").replace("]:", ":") if end.startswith("[::ffff:") else end
                             for end in line.split()[3:5])
            ends.add((local, remote))
    return ends


def compare():
    """What ours and theirs have, and how much of it the other lacks."""
    with tempfile.TemporaryDirectory() as folder:
        measuring.run(unstuck, READ, f"{folder}/ours")
        size = os.stat(f"{folder}/ours").st_size / 1e6
        mine, sockets, owned = ours(f"{folder}/ours")
    peers = theirs()
    return size, sockets, owned, len(peers), sorted(peers - mine)


# In a process of its own: what this one has in memory the kernel would count as its children's.
with multiprocessing.get_context("fork").Pool(1) as pool:
    size, sockets, owned, listed, lacking = pool.apply(compare)
if lacking or listed < 90_000 and not os.environ.get("UNSTUCK_BENCH_ACCELERATED"):
    sys.exit(f"measure_sockets: ss has {listed} ends, of which unstuck lacks {len(lacking)}: {lacking[:3]}")
print(f"checked: {listed} ends of ss are unstuck's; {sockets} sockets in all, {owned} with an owner", flush=True)

results = measuring.rounds([("A", (unstuck, READ)), ("B", (ss,)), ("C", (bare,))], options.rounds)
wall = {name: [wall for wall, _, _ in result] for name, result in results.items()}
faster = [b / a for a, b in zip(wall["A"], wall["B"])]
over_bare = [a / c for a, c in zip(wall["A"], wall["C"])]
peak = [peak for _, _, peak in results["A"]]
verdicts, holds = measuring.evaluate([
    ("B/A: times as fast as ss", faster, "at least 3", statistics.median(faster) >= 3),
    ("A/C: times a bare C reading of the same sources", over_bare, "at most 2", statistics.median(over_bare) <= 2),
    ("A: MB, the highest peak of A", [max(peak)], "less than 150", max(peak) < 150),
])
measuring.write(
    options.report, "Every socket of a node, listed",
    [
        f"{measuring.machine()}. {sockets} TCP sockets seen on the machine, {owned} of them with an owner; {listed} ends "
        f"of connections in {len(namespaces)} network namespaces of the lab. {options.rounds} rounds of A, B, C after one to "
        f"warm up. Whole processes, output to /dev/null; A writes {size:.0f} MB.",
        "",
        *measuring.times(results, {
            "A": "unstuck sockets -o json",
            "B": "nsenter --net=… ss -tinoeH in each namespace",
            "C": "the same sources read by a C program, one thread, no output: held sockets and hash tables, with all details",
        }),
        "",
        *verdicts,
    ])
sys.exit(0 if holds else 1)
