"""What the benchmarks share: running whole processes, and telling results and bars."""
import datetime
import os
import re
import statistics
import sys
import time

DROPPED = "/dev/null"


def run(command, statuses=(0,), output=DROPPED):
    """Runs a command to its end: wall milliseconds, CPU milliseconds with its children's, peak resident MB."""
    files = [(os.POSIX_SPAWN_OPEN, 1, output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)]
    start = time.perf_counter()
    pid = os.posix_spawnp(command[0], command, os.environ, file_actions=files)
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status) not in statuses:
        sys.exit(f"measuring: {' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    # The kernel counts in what the child shared with us before exec, some 15 MB: no peak is lower.
    return wall * 1000, (usage.ru_utime + usage.ru_stime) * 1000, usage.ru_maxrss * 1024 / 1e6


def rounds(commands, count):
    """Runs the commands one after the other, again and again, so that what else the machine does meets all of them, and
    once before to warm up. Commands are (name, arguments of `run`); the results of each are a list by its name."""
    results = {name: [] for name, _ in commands}
    for number in range(count + 1):
        for name, arguments in commands:
            result = run(*arguments)
            if number > 0:
                results[name].append(result)
    return results


def spread(values, digits=1):
    """Median, and the ends."""
    return f"{statistics.median(values):.{digits}f}", f"{min(values):.{digits}f}–{max(values):.{digits}f}"


def machine():
    today = datetime.datetime.now(datetime.timezone.utc)
    where = os.environ.get("UNSTUCK_BENCH_WHERE")
    # What follows the version names a single build: it says nothing to others.
    release = re.match(r"[0-9.]*", os.uname().release)[0]
    return f"{today:%Y-%m-%d}, Linux {release}, {os.cpu_count()} CPUs" + (f", {where}" if where else "")


def times(results, titles):
    """A table's lines: what each of the commands took."""
    lines = ["| | | wall ms, median | min–max | CPU ms | peak MB |", "|---|---|---|---|---|---|"]
    for name, title in titles.items():
        middle, ends = spread([wall for wall, _, _ in results[name]])
        cpu = statistics.median(cpu for _, cpu, _ in results[name])
        peak = max(peak for _, _, peak in results[name])
        lines.append(f"| {name} | `{title}` | {middle} | {ends} | {cpu:.1f} | {peak:.1f} |")
    return lines


def evaluate(bars):
    """A table's lines, and whether every bar is reached. A bar is (title, values, words, whether it is reached)."""
    lines = ["| | median | min–max | bar | |", "|---|---|---|---|---|"]
    for title, values, words, holds in bars:
        middle, ends = spread(values, digits=2)
        lines.append(f"| {title} | {middle} | {ends} | {words} | {'PASS' if holds else 'FALLS SHORT'} |")
    return lines, all(holds for *_, holds in bars)


def write(path, title, lines):
    print("\n".join(lines))
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"# {title}\n\nWritten by `make bench`.\n\n" + "\n".join(lines) + "\n")
