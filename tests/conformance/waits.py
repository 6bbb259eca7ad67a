#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Waits out of captures against perf sched timehist and against programs' own clocks:
waits.py PROGRAM CPCONV [SECONDS]

Records PROGRAM (waits.c) with sched_switch on all CPUs. Needs perf, root and tracefs, and a
machine that is not too busy, so it is no part of the suites:

    python3 tests/conformance/waits.py build/tests/conformance/waits build/tools/cpconv
"""
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from functools import lru_cache
from pathlib import Path

KINDS = ["sleep", "mutex", "pipe", "disk", "epoll", "many", "busy"]
EVENTS = ["-e", "sched:sched_switch", "-e", "sched:sched_wakeup", "-e", "cpu-clock", "-g"]


def skip(why):
    print("waits: SKIPPED: " + why)
    sys.exit(77)


def run(*argv):
    try:
        return subprocess.run([str(a) for a in argv], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)
    except FileNotFoundError:
        skip("there is no " + str(argv[0]))


def record(program, kind, seconds, path):
    """What the program says of its threads: {tid: (name, waited, lifetime)}."""
    done = run("perf", "record", "-a", "-m", "4M", *EVENTS, "-o", path, program, kind,
               seconds)
    if done.returncode or "SKIPPED" in done.stderr:
        skip("perf record: " + done.stderr.strip().split("\n")[0])
    if "lost" in done.stderr.lower():
        print("waits: %s: records were lost" % kind)
    rows = [line.split() for line in done.stdout.splitlines()]
    return {int(r[0]): (r[1], int(r[2]), int(r[3])) for r in rows if len(r) == 4}


def timehist(path):
    """Per thread: [waited, delayed, ran] in nanoseconds, as perf sums them."""
    sums = defaultdict(lambda: [0.0, 0.0, 0.0])
    row = re.compile(r"\s*[\d.]+ \[\d+\]\s+.*?\[(\d+)(?:/\d+)?\]"
                     r"\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)")
    for line in run("perf", "sched", "timehist", "-i", path).stdout.splitlines():
        match = row.match(line)
        for i in range(3 if match else 0):
            sums[int(match.group(1))][i] += float(match.group(2 + i)) * 1e6
    return sums


@lru_cache
def exits(path):
    """Threads that leave without a number, as most do that are dead."""
    row = re.compile(r"\s*-1 .*prev_pid=(\d+) .*prev_state=[XZ]")
    lines = run("perf", "script", "-i", path, "-F", "tid,event,trace").stdout.splitlines()
    return {int(m.group(1)) for m in map(row.match, lines) if m}


@lru_cache
def dead(path):
    """Threads that leave as dead and still have their number."""
    row = re.compile(r"\s*(\d+) .*prev_state=[XZ]")
    lines = run("perf", "script", "-i", path, "-F", "tid,event,trace").stdout.splitlines()
    return {int(m.group(1)) for m in map(row.match, lines) if m}


def lifetimes(path):
    """{tid: nanoseconds from its fork to its exit}"""
    born, lives = {}, {}
    row = re.compile(r".* ([\d.]+): PERF_RECORD_(FORK|EXIT)\(\d+:(\d+)\)")
    for line in run("perf", "script", "-i", path, "--show-task-events", "--ns", "-F",
                    "comm,tid,time,event").stdout.splitlines():
        match = row.match(line)
        if match and match.group(2) == "FORK":
            born[int(match.group(3))] = float(match.group(1))
        elif match and int(match.group(3)) in born:
            lives[int(match.group(3))] = (float(match.group(1)) -
                                          born[int(match.group(3))]) * 1e9
    return lives


def waits(cpconv, path, *more):
    """Rows of {label: value} with the values off, waits, wall."""
    done = run(cpconv, path, "--to", "raw", "--no-symbolize", "--labels", "pid,tid,comm",
               "-q", *more)
    assert not done.returncode, done.stderr
    lines = done.stdout.splitlines()
    at = lines.index("Samples:") + 1
    types = [t.split("[")[0] for t in lines[at].split()]
    columns = [types.index(t) for t in ("off-cpu/nanoseconds", "off-cpu/count",
                                        "wall/nanoseconds")]
    rows = []
    for line in lines[at + 1:]:
        if line == "Locations":
            break
        if line.startswith(" " * 16):
            for key, value in re.findall(r"(\S+?):\[(.*?)\](?: |$)", line.strip()):
                rows[-1][key] = value.split(" ")[0] if key[-3:] in ("pid", "tid") else value
        else:
            values = line.split(":")[0].split()
            rows.append({"values": [int(values[c]) for c in columns]})
    return rows


def sums_by_tid(rows):
    """{tid: [off between two departures, the last such interval, wall]}"""
    sums = defaultdict(lambda: [0, 0, 0])
    for row in rows:
        off, count, wall = row["values"]
        mine = sums[int(row.get("tid", 0))]
        if row.get("edge") not in ("begin", "new", "end"):
            mine[0] += off
            # The part in which it waits for a CPU comes behind, uncounted.
            mine[1] = off if count else mine[1] + off
        mine[2] += wall
    return sums


class Check:
    def __init__(self):
        self.worst, self.failed = defaultdict(float), 0

    def near(self, what, got, want, share, slack=0):
        """`slack`: nanoseconds that rounding and the clocks themselves may take."""
        off = abs(got - want)
        self.worst[what] = max(self.worst[what], max(0, off - slack) / max(want, 1))
        if off > share * want + slack:
            print("waits: %s: %d, not %d (%.3f %%)" % (what, got, want,
                                                      100 * off / max(want, 1)))
            self.failed += 1


def compare(check, kind, path, cpconv, threads):
    rows = waits(cpconv, path, "--keep-time")
    ours = sums_by_tid(rows)
    ended = {int(row["tid"]) for row in rows if row.get("edge") == "end"} | dead(path)
    perf, lives = timehist(path), lifetimes(path)
    for tid, (wait, _, _) in perf.items():
        if tid <= 0:
            continue
        # perf sched timehist counts an interval when the thread leaves once more: not of
        # one that exits, which leaves without a number, or that runs until the end.
        last = ours[tid][1] if tid in exits(path) or tid not in ended else 0
        # perf prints microseconds: every line may be half of one off.
        check.near(kind + ": wait", ours[tid][0] - last, wait, 0.001, 20000)
    for tid, (name, waited, _) in threads.items():
        check.near(kind + ": lifetime", ours[tid][2], lives.get(tid, 0), 0.005, 100000)
        if waited:
            blocked = sum(r["values"][0] for r in waits_of(cpconv, path, tid)
                          if not preempted(r))
            check.near(kind + ": own clock", blocked, waited, 0.01, 500000)


def waits_of(cpconv, path, tid):
    return waits(cpconv, path, "--tid", tid)


def preempted(row):
    """R without a waker is a thread that was pushed aside: its own clock ran on."""
    return row.get("state") == "R" and "waker" not in row


def main(program, cpconv, seconds="0.5"):
    check = Check()
    with tempfile.TemporaryDirectory() as folder:
        for kind in KINDS:
            path = Path(folder) / (kind + ".data")
            threads = record(program, kind, seconds, path)
            compare(check, kind, path, cpconv, threads)
    for what, share in check.worst.items():
        print("waits: %s: within %.3f %%" % (what, 100 * share))
    sys.exit(check.failed > 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
