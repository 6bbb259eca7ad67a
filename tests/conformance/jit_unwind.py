#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Stacks through generated code that keeps no frame pointer: with the call frame information
of the jitdump they go on as perf inject --jit and perf script have them; without, they end
there, and the reason given is that one.

usage: jit_unwind.py JIT-UNWIND CPCONV"""
import collections
import os
import platform
import shutil
import subprocess
import sys
import tempfile

OURS = ("spin", "generated", "outermost", "main")


def run(*args):
    return subprocess.run(args, check=True, capture_output=True, text=True)


def ours(stack):
    """The program's own functions, root first, of stacks that are in spin."""
    names = tuple(name for name in stack if name in OURS)
    return names if "spin" in names else None


def of_folded(text):
    count = collections.Counter()
    for line in text.splitlines():
        stack, weight = line.rsplit(" ", 1)
        names = ours(stack.split(";"))
        if names:
            count[names] += int(weight) // 1000000
    return count


def of_perf(capture, top):
    injected = os.path.join(top, "injected.data")
    run("perf", "inject", "--jit", "-i", capture, "-o", injected)
    count, stack = collections.Counter(), []
    text = run("perf", "script", "-i", injected, "--no-inline", "-F", "comm,ip,sym").stdout
    for line in text.splitlines() + [""]:
        words = line.split()
        if len(words) > 1 and line.startswith(("\t", "  ")):
            stack.append(words[1])
        elif not words:
            names = ours(stack[::-1])
            if names:
                count[names] += 1
            stack = []
    return count


def record(program, top, *args):
    capture = os.path.join(top, "of%d.data" % len(args))
    folder = os.path.join(top, "dump%d" % len(args))
    os.makedirs(folder)
    run("perf", "record", "-q", "-k", "mono", "-e", "task-clock", "-c", "1000000",
        "--call-graph", "dwarf", "-o", capture, program, folder, *args)
    return capture


def main():
    program, cpconv = sys.argv[1:]
    if platform.machine() != "x86_64" or not shutil.which("perf"):
        print("SKIPPED: needs x86-64 and perf", file=sys.stderr)
        sys.exit(77)
    with tempfile.TemporaryDirectory() as top:
        if subprocess.run(["perf", "record", "-q", "-e", "task-clock", "-o",
                           os.path.join(top, "try.data"), "true"],
                          capture_output=True).returncode:
            print("SKIPPED: perf cannot record here", file=sys.stderr)
            sys.exit(77)
        whole = record(program, top)
        got = of_folded(run(cpconv, "-q", whole, "--to", "folded").stdout)
        want = of_perf(whole, top)
        print("with call frame information: want", dict(want), "got", dict(got))
        bad = got != want or not got[("main", "outermost", "generated", "spin")]
        bare = run(cpconv, record(program, top, "bare"), "--to", "folded")
        ends = of_folded(bare.stdout)
        print("without:", dict(ends))
        bad |= not ends[("generated", "spin")] or "end in generated code" not in bare.stderr
    sys.exit(1 if bad else 0)


main()
