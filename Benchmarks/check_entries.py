#!/usr/bin/env python3
"""check_entries.py COUNT UNSTUCK-FILE BPFTOOL-FILE: what was measured must also be right.

Every line of unstuck's output is an object of its own; its keys are all different, COUNT of them, the very keys that
bpftool lists; and every entry is live. A process of its own, so that its memory is not taken for a child's.
"""
import json
import sys

expected, ours, theirs = int(sys.argv[1]), sys.argv[2], sys.argv[3]

keys, states, lines = set(), {}, 0
with open(ours, encoding="utf-8") as file:
    for line in file:
        entry = json.loads(line)
        lines += 1
        keys.add(entry["key"])
        states[entry["state"]] = states.get(entry["state"], 0) + 1
        if "claim" not in entry or "tuple" in entry["socket"]:
            sys.exit(f"check_entries: the claim is not the socket's tuple: {line}")

with open(theirs, encoding="utf-8") as file:
    reference = {"".join(byte[2:] for byte in entry["key"]) for entry in json.load(file)}

if lines != expected or len(keys) != expected or states != {"live": expected}:
    sys.exit(f"check_entries: {expected} live entries expected, got {lines} lines, {len(keys)} keys, states {states}")
if keys != reference:
    sys.exit(f"check_entries: {len(keys ^ reference)} keys differ from bpftool's {len(reference)}")
print(f"checked: {lines} lines, {len(keys)} distinct keys, the same as bpftool's, all live")
