#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ratios of CPU time on one capture: perf_read.py CPCONV BUSY.C

Records programs for CP_BENCH_SECONDS (15) at 20 kHz with frame pointers, or takes the
capture CP_BENCH_CAPTURE, and prints the user and system time of perf script --no-inline, of
cat, and of cpconv, with perf script's as a multiple; and cpconv's anonymous memory.
"""
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading

CPCONV, SOURCE = os.path.abspath(sys.argv[1]), sys.argv[2]


def anonymous(pid, peak):
    try:
        while True:
            with open(f"/proc/{pid}/status") as status:
                for line in status:
                    if line.startswith("RssAnon:"):
                        peak[0] = max(peak[0], int(line.split()[1]))
    except (OSError, IndexError):
        pass


def cpu(command):
    """Least CPU seconds of three runs, and the most anonymous kilobytes."""
    best, peak = None, [0]
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        watch = threading.Thread(target=anonymous, args=(child.pid, peak))
        watch.start()
        child.wait()
        watch.join()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        best = used if best is None else min(best, used)
    return best, peak[0]


def record(folder):
    busy, out = os.path.join(folder, "busy"), os.path.join(folder, "capture")
    subprocess.run(["cc", "-O1", "-g0", "-fno-omit-frame-pointer", "-fno-optimize-sibling-calls",
                    "-o", busy, SOURCE, "-lpthread"], check=True)
    subprocess.run(["perf", "record", "-q", "-F", "20000", "-g", "-o", out, "--", busy, "8",
                    os.environ.get("CP_BENCH_SECONDS", "15"), "fork"], check=True,
                   stderr=subprocess.DEVNULL)
    return out


def main():
    if not shutil.which("perf"):
        print("SKIPPED: no perf")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        capture = os.environ.get("CP_BENCH_CAPTURE") or record(folder)
        out = os.path.join(folder, "out")
        script, _ = cpu(["perf", "script", "--no-inline", "-i", capture])
        print(f"capture {os.path.getsize(capture) / 1e6:.0f} MB")
        print(f"{'perf script --no-inline':34} {script:7.2f} s")
        runs = {
            "cat": ["cat", capture],
            "cpconv --no-inlines folded": [CPCONV, "-q", "--no-inlines", "--to", "folded", "-o",
                                           out, capture],
            "cpconv --no-inlines pprof": [CPCONV, "-q", "--no-inlines", "--to", "pprof", "-o",
                                          out, capture],
            "cpconv --no-symbolize folded": [CPCONV, "-q", "--no-symbolize", "--to", "folded",
                                             "-o", out, capture],
        }
        for name, command in runs.items():
            used, memory = cpu(command)
            print(f"{name:34} {used:7.2f} s   1/{script / max(used, 0.01):.1f}   "
                  f"{memory / 1024:.0f} MB anonymous")
    return 0


sys.exit(main())
