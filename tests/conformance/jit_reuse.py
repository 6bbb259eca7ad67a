#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A program that lays generated code over other code, and moves some: each sample must get
the function that was there at its time, as perf inject --jit and perf script have it.

usage: jit_reuse.py JIT-REUSE CPCONV"""
import collections
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile

MADE = re.compile(r"^(stays|round_\d|moved|where_moved_was)$")


def run(*args):
    return subprocess.run(args, check=True, capture_output=True, text=True).stdout


def leaves_of_folded(text):
    count = collections.Counter()
    for line in text.splitlines():
        stack, weight = line.rsplit(" ", 1)
        leaf = stack.split(";")[-1]
        if MADE.match(leaf):
            count[leaf] += int(weight) // 1000000
    return count


def leaves_of_perf(capture, top):
    """What perf says of a copy in which it put a file for each function."""
    injected = os.path.join(top, "injected.data")
    run("perf", "inject", "--jit", "-i", capture, "-o", injected)
    count, first = collections.Counter(), False
    for line in run("perf", "script", "-i", injected, "--no-inline", "-F", "comm,ip,sym").splitlines():
        words = line.split()
        if first and len(words) > 1 and MADE.match(words[1]):
            count[words[1]] += 1
        first = bool(words) and not line.startswith(("\t", "  "))
    return count


class Bed:
    def __init__(self, program, cpconv, top):
        self.program, self.cpconv, self.top, self.bad = program, cpconv, top, 0

    def here(self, *parts):
        return os.path.join(self.top, *parts)

    def record(self, name, *prefix, clock=("-k", "mono"), args=()):
        folder, capture = self.here(name), self.here(name + ".data")
        os.makedirs(folder)
        run("perf", "record", "-q", *clock, "-e", "task-clock", "-c", "1000000", "-g", "-o",
            capture, *prefix, self.program, folder, *args)
        return folder, capture

    def folded(self, capture, *options):
        return leaves_of_folded(run(self.cpconv, capture, "-q", "--to", "folded", *options))

    def same(self, what, want, got):
        fine = want == got and len(want) == 8
        print("  %s: %d functions, %d samples%s" % (what, len(want), sum(want.values()),
                                                    "" if fine else ": BAD"))
        if not fine:
            self.bad += 1
            print("    want", dict(want), "\n    got ", dict(got))


def lines_of(bed, capture):
    """Functions with their lines, as they stand in a profile of the capture."""
    text = run(bed.cpconv, capture, "-q", "--to", "raw")
    return set(re.findall(r"(\w+) (made\.up:\d+):", text))


def injected(bed, capture):
    """The files that perf made of the functions are read as well, lines included."""
    want = lines_of(bed, capture)
    got = lines_of(bed, bed.here("injected.data"))
    fine = want == got and len(want) >= 8
    print("  perf inject's files: %d lines%s" % (len(got), "" if fine else ": BAD"))
    if not fine:
        bed.bad += 1
        print("   ", want, "\n   ", got)


def one_row(bed, capture):
    """Layers of a dump are one image to the reader of a report."""
    report = bed.here("report")
    run(bed.cpconv, capture, "-q", "-o", bed.here("o.pb"), "--symbols-report=" + report)
    with open(report) as f:
        rows = [line for line in f if ".dump" in line and "functions and lines" in line]
    if len(rows) != 1:
        bed.bad += 1
        print("  BAD: the report's rows of the dump:", rows)


def in_other_memory(bed):
    _, capture = bed.record("memfd", args=("memfd",))
    got, want = bed.folded(capture), leaves_of_perf(capture, bed.top)
    bed.same("code in a memfd", want, got)


def in_a_container(bed):
    if subprocess.run(["unshare", "-p", "-f", "true"], capture_output=True).returncode:
        print("  SKIPPED in part: no new pid namespace can be made here")
        return
    folder, capture = bed.record("inner", "unshare", "-p", "-f")
    want = bed.folded(capture)
    bed.same("in a pid namespace", want, want)
    os.rename(folder, bed.here("away"))
    bed.same("in a pid namespace, the dump elsewhere", want,
             bed.folded(capture, "--map-dir", bed.here("away")))
    os.makedirs(bed.here("root") + bed.top)
    os.rename(bed.here("away"), bed.here("root") + folder)
    bed.same("in a pid namespace, --symfs", want,
             bed.folded(capture, "--symfs", bed.here("root")))


def main():
    if not shutil.which("perf") or platform.machine() != "x86_64":
        print("SKIPPED: no perf here, or no x86-64; reused code memory is not tested")
        return 77
    with tempfile.TemporaryDirectory() as top:
        bed = Bed(*map(os.path.abspath, sys.argv[1:3]), top)
        try:
            folder, capture = bed.record("plain")
        except subprocess.CalledProcessError as why:
            print("SKIPPED: perf record does not work here:", why.stderr)
            return 77
        want = leaves_of_perf(capture, top)
        bed.same("each function at its time", want, bed.folded(capture))
        one_row(bed, capture)
        injected(bed, capture)
        bare = bed.here("bare.pb.gz")
        run(bed.cpconv, capture, "-q", "--no-symbolize", "-o", bare)
        bed.same("named later, from pprof", want, bed.folded(bare))
        in_other_memory(bed)
        in_a_container(bed)
        _, capture = bed.record("clock", clock=())
        said = subprocess.run([bed.cpconv, capture, "-o", bed.here("o.pb")],
                              capture_output=True, text=True).stderr
        if "perf record -k mono" not in said:
            bed.bad += 1
            print("  BAD: another clock is not said:", said)
    return 1 if bed.bad else 0


if __name__ == "__main__":
    sys.exit(main())
