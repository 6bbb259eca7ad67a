#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""CPU time for waits out of a capture: offcpu.py CPCONV GENERATORS

Writes a capture of CP_BENCH_SWITCHES (1,000,000) switches among CP_BENCH_THREADS (1,000) threads on 8
processors, with wake-ups, 64 different stacks of 12 frames and FINISHED_ROUND records, as
perf record -a -e sched:sched_switch -e sched:sched_waking -g leaves one. Prints the user and
system time of cpconv and of perf sched timehist -s, their ratio, and cpconv's memory.
"""
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, sys.argv[2])
from perf import CTX_KERNEL, CTX_USER, KTEXT, Sched  # noqa: E402

SWITCHES = int(os.environ.get("CP_BENCH_SWITCHES", "1000000"))
THREADS = int(os.environ.get("CP_BENCH_THREADS", "1000"))
CPUS, STACKS, ROUND = 8, 64, 4096


def patched(sched, make, *fields):
    """A record's bytes, and where in them the fields are whose marks it was made with."""
    before = len(sched.c.data)
    make()
    record = bytearray(sched.c.data[before:])
    sched.c.data = sched.c.data[:before]
    return record, [[i for i in range(0, len(record) - 3, 4)
                     if record[i:i + 4] == mark.to_bytes(4, "little")] for mark in fields]


def write(path):
    sched = Sched()
    c = sched.c
    for t in range(THREADS):
        c.comm(1000 + t, 1000 + t, "t%d" % t)
    tid, other, low, high = 0x7a000001, 0x7a000002, 0x7a000003, 0x7a000004
    time = high << 32 | low
    switches = []
    for s in range(STACKS):
        chain = [CTX_KERNEL, *(KTEXT + 64 * s + i for i in range(6)), CTX_USER,
                 *(0x400010 + 16 * s + i for i in range(6))]
        switches.append(patched(sched, lambda chain=chain: c.sample(
            0, chain[1], tid, tid, time, chain, 1, 0, 1,
            raw=sched.raw("sched", "sched_switch", prev_pid=tid, next_pid=other,
                          prev_state=1)), tid, other, low, high))
    wakes = patched(sched, lambda: sched.waking(time, tid, tid, other), tid, other, low, high)

    def fill(template, *values):
        record, places = bytearray(template[0]), template[1]
        for where, value in zip(places, values):
            for at in where:
                record[at:at + 4] = value.to_bytes(4, "little")
        return record

    running = [1000 + i for i in range(CPUS)]
    waiting = list(range(1000 + CPUS, 1000 + THREADS))
    buffers, out, now, at = [[] for _ in range(CPUS)], [c.data], 10**12, 0
    for n in range(SWITCHES):
        cpu, now = n % CPUS, now + 1000
        next, waiting[at] = waiting[at], running[cpu]
        at = (at + 1) % len(waiting)
        buffers[cpu].append(fill(wakes, running[cpu], next, now & 2**32 - 1, now >> 32))
        now += 500
        buffers[cpu].append(fill(switches[(running[cpu] * 7 + n) % STACKS], running[cpu], next,
                                 now & 2**32 - 1, now >> 32))
        running[cpu] = next
        if n % ROUND == ROUND - 1:
            for buffer in buffers:
                out += buffer
                buffer.clear()
            out.append(c.raw_record(68, b""))
    for buffer in buffers:
        out += buffer
    c.data = b"".join(out)
    path.write_bytes(c.file())


def cpu(*command):
    """Least CPU seconds of three runs, and the largest resident size in KiB."""
    best, size = None, 0
    for _ in range(3):
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, _, usage = os.wait4(child.pid, 0)
        used = usage.ru_utime + usage.ru_stime
        best = used if best is None else min(best, used)
        size = max(size, usage.ru_maxrss)
    return best, size


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "switches.data"
        # On its own: what a child took from a large parent counts as its memory.
        writer = multiprocessing.Process(target=write, args=(path,))
        writer.start()
        writer.join()
        ours, size = cpu(sys.argv[1], "-q", "--threads", "1", "--no-symbolize", str(path),
                         "--to", "folded", "-o", str(Path(folder) / "out.folded"))
        print("%d switches and as many wake-ups, %d MB" % (SWITCHES,
                                                         path.stat().st_size >> 20))
        print("cpconv                    %6.2f s, %d MB resident (the mapped file included)"
              % (ours, size >> 10))
        if not shutil.which("perf"):
            print("SKIPPED: no perf to compare with")
            return
        perf, _ = cpu("perf", "sched", "timehist", "-s", "-i", str(path))
        print("perf sched timehist -s    %6.2f s, %.1f times as much" % (perf, perf / ours))
        perf, _ = cpu("perf", "sched", "timehist", "-i", str(path))
        print("perf sched timehist       %6.2f s, %.1f times as much" % (perf, perf / ours))


main()
