#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reporting and comparing large pprof profiles: cpreport and cpdiff against `go tool pprof`.

    report.py CPREPORT CPDIFF [A.pb.gz B.pb.gz]

Prints CPU seconds (user and system) and peak memory of `cpreport --no-symbolize` and
`go tool pprof -top`, of `cpdiff --no-symbolize A B` and `go tool pprof -top -diff_base=A B`,
each once, one after the other, and the ratios. Without A and B: two profiles of 1,000,000
samples, 100,000 locations and depth 40 from gen_pprof.py (seeds 1 and 2). Go's comparison
takes minutes and several gigabytes.
"""
import os
import shutil
import subprocess
import sys
import tempfile


def run(argv, home):
    """CPU seconds and peak megabytes; output is thrown away."""
    null = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_WRONLY, 0) for fd in (1, 2)]
    pid = os.posix_spawn(argv[0], argv, {**os.environ, "HOME": home}, file_actions=null)
    _, status, usage = os.wait4(pid, 0)
    if status:
        sys.exit(f"{' '.join(argv)} failed with {os.waitstatus_to_exitcode(status)}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def show(name, cost):
    print(f"{name:28} {cost[0]:8.2f} s {cost[1]:8.0f} MB", flush=True)


def pprof(go):
    """The program itself: `go tool` would add its own start, and newer versions a build."""
    found = subprocess.run([go, "tool", "-n", "pprof"], capture_output=True, text=True)
    return found.stdout.strip() if found.returncode == 0 else None


def main():
    cpreport, cpdiff = (os.path.abspath(tool) for tool in sys.argv[1:3])
    go = shutil.which("go")
    peer = go and pprof(go)
    with tempfile.TemporaryDirectory() as tmp:
        files = sys.argv[3:5]
        if not files:
            files = [os.path.join(tmp, f"{seed}.pb.gz") for seed in "12"]
            generate = os.path.join(os.path.dirname(os.path.abspath(__file__)), "gen_pprof.py")
            for seed, path in zip("12", files):
                subprocess.run([sys.executable, generate, "1000000", "100000", "40", path, seed],
                               check=True)
        before, after = files
        pairs = [
            ("cpreport", [cpreport, "--no-symbolize", before],
             "pprof -top", ["-symbolize=none", "-top", before]),
            ("cpdiff", [cpdiff, "--no-symbolize", before, after],
             "pprof -top -diff_base", ["-symbolize=none", "-top", "-diff_base=" + before, after]),
        ]
        for ours, our_command, theirs, options in pairs:
            cost = run(our_command, tmp)
            show(ours, cost)
            if not peer:
                continue
            other = run([peer, *options], tmp)
            show(theirs, other)
            print(f"{ours} needs 1/{other[0] / cost[0]:.1f} of the CPU time and "
                  f"1/{other[1] / cost[1]:.1f} of the memory", flush=True)
        if not peer:
            print("no `go tool pprof`: nothing to compare with")


main()
