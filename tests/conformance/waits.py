#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Waits out of captures against perf sched timehist and against programs' own clocks:
waits.py PROGRAM CPCONV [SECONDS [KIND…]] [--shared]

Records PROGRAM (waits.c) with sched_switch on all CPUs. Needs perf, root and tracefs:

    python3 tests/conformance/waits.py build/tests/conformance/waits build/tools/cpconv

Every interval is compared with timehist's line for it: how long the thread waited, how much
of that for a CPU, and for how long it then ran. Two kinds of intervals are not the same by
what they are, and are counted instead:

  * whose return was not recorded (a capture can lack a switch: here those of threads that the
    kernel does not let perf see). perf takes the last switch on that CPU for the return, so
    that a thread that went away last waited for 0; we go up to its next sign of life, and
    label the interval edge=unseen.
  * which no departure ends: timehist counts an interval when its thread leaves once more.

With --shared other programs use the machine meanwhile, and only intervals are judged: a thread's
own clock then has all that happened between its two readings. One interval of a hundred, or two,
may be told otherwise by timehist, which happens in one short capture of five or so (its delay is
0.5 to 1.3 ms another one; why is not known); alone, none may.
"""
import json
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

ALONE = (": own clock", ": lifetime")
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
    """{tid: {departure in µs: [waited, delayed, ran] in µs}}"""
    seen = defaultdict(dict)
    row = re.compile(r"\s*(\d+)\.(\d{6}) \[\d+\]\s+.*?\[(\d+)(?:/\d+)?\]"
                     r"\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)")
    for line in run("perf", "sched", "timehist", "-i", path).stdout.splitlines():
        match = row.match(line)
        if match:
            at = int(match.group(1)) * 1000000 + int(match.group(2))
            seen[int(match.group(3))][at] = [round(float(x) * 1e3)
                                             for x in match.groups()[3:]]
    return seen


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


def waits(cpconv, path):
    """{tid: its intervals [from, woken, to, labels]} and {tid: its wall time}"""
    done = run(cpconv, path, "--to", "ndjson", "--keep-time", "--no-symbolize", "--labels",
               "pid,tid,comm", "-q")
    assert not done.returncode, done.stderr
    spans, wall = defaultdict(list), defaultdict(int)
    for line in done.stdout.splitlines():
        row = json.loads(line)
        values, labels = row.get("values", {}), row.get("labels", {})
        tid = labels.get("tid", {}).get("value", 0)
        wall[tid] += values.get("wall", 0)
        off, time = values.get("off-cpu/nanoseconds", 0), row.get("time")
        if not off and not values.get("off-cpu/count"):
            continue
        if values["off-cpu/count"]:
            spans[tid].append([time, time + off, time + off, labels])
        else:
            spans[tid][-1][2] = time + off
    return spans, wall


class Check:
    def __init__(self, shared):
        self.shared, self.n = shared, 0
        self.worst, self.failed = defaultdict(float), 0

    def near(self, what, got, want, share, slack=0):
        """`slack`: nanoseconds that rounding and the clocks themselves may take."""
        off = abs(got - want)
        self.worst[what] = max(self.worst[what], max(0, off - slack) / max(want, 1))
        if off > share * want + slack and not (self.shared and what.endswith(ALONE)):
            print("waits: %s: %d, not %d (%.3f %%)" % (what, got, want,
                                                      100 * off / max(want, 1)))
            self.failed += 1

    def true(self, what, holds):
        if not holds:
            print("waits: %s: no" % what)
            self.failed += 1


class Sums:
    """Of one kind of capture, against timehist."""

    def __init__(self):
        self.ours, self.perf = [0, 0, 0], [0, 0, 0]
        self.n = self.unseen = self.unended = self.differ = 0

    def interval(self, span, left, row):
        """`left`: when the thread left once more. Truncated to µs in each line."""
        ours = [span[2] - span[0], span[2] - span[1], left - span[2]]
        # Not woken: timehist takes an earlier wake-up for this one's.
        asked = [0, 2] if span[1] == span[2] else [0, 1, 2]
        self.n += 1
        if any(abs(ours[i] - row[i] * 1000 - 500) > 1500 for i in asked):
            self.differ += 1
            return
        for i in asked:
            self.ours[i] += ours[i]
            self.perf[i] += row[i] * 1000 + 500


def compare(check, kind, path, cpconv, threads):
    (spans, wall), perf, lives = waits(cpconv, path), timehist(path), lifetimes(path)
    sums = Sums()
    for tid, mine in spans.items():
        mine.sort(key=lambda span: span[0])
        for span, after in zip(mine, mine[1:] + [None]):
            edge = span[3].get("edge")
            sums.unseen += edge == "unseen"
            if edge in (None, "lost"):
                row = after and perf[tid].get(after[0] // 1000)
                sums.unended += not row
                if row:
                    sums.interval(span, after[0], row)
    print("waits: %s: %d intervals compared, %d without return, %d without another departure; "
          "%d told otherwise" % (kind, sums.n, sums.unseen, sums.unended, sums.differ))
    check.n += sums.n
    if not check.shared:
        check.true(kind + ": compared", sums.n > sums.unseen + sums.unended)
    for i, what in enumerate((": wait", ": sch delay", ": run")):
        check.near(kind + what, sums.ours[i], sums.perf[i], 0.001, 600 * sums.n)
    most = max(2, sums.n // 100) if check.shared else 0
    check.true(kind + ": single intervals", sums.differ <= most)
    for tid, (name, waited, _) in threads.items():
        check.near(kind + ": lifetime", wall[tid], lives.get(tid, 0), 0.005, 100000)
        if waited:
            own(check, kind, spans[tid], waited)


def own(check, kind, spans, waited):
    """A thread that is pushed aside inside the call counts that, elsewhere it does not; what
    the capture lacks cannot be asked for."""
    blocked = sum(s[2] - s[0] for s in spans if not preempted(s[3]))
    aside = sum(s[2] - s[0] for s in spans if preempted(s[3]))
    unseen = sum(s[2] - s[0] for s in spans if s[3].get("edge"))
    # 20 µs more for each: the calls themselves, and interrupts in them.
    slack = 500000 + 20000 * len(spans) + unseen
    check.near(kind + ": own clock", blocked + aside / 2, waited, 0.01, slack + aside / 2)


def preempted(labels):
    """R without a waker is a thread that was pushed aside: its own clock ran on."""
    return labels.get("state") == "R" and "waker" not in labels


def main(program, cpconv, seconds="0.5", *kinds):
    check = Check("--shared" in kinds)
    kinds = [kind for kind in kinds if kind != "--shared"]
    with tempfile.TemporaryDirectory() as folder:
        for kind in kinds or KINDS:
            path = Path(folder) / (kind + ".data")
            threads = record(program, kind, seconds, path)
            compare(check, kind, path, cpconv, threads)
    check.true("anything compared", check.n > 0)
    for what, share in check.worst.items():
        print("waits: %s: within %.3f %%" % (what, 100 * share))
    sys.exit(check.failed > 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
