#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How the cost of a job grows with its input: every tool on inputs that are hard in one way.

    slope.py TOOLS-FOLDER [--sizes 10000,30000,100000] [--only WORD] [--instructions]

Each shape is made in three sizes. A row gives the CPU seconds of the three runs (user and
system, least of three; with --instructions callgrind's count in millions, of one run) and the
exponent between the last two: 1 is linear; above 1.1 is marked. Shapes: `dense` (random walks
over few functions with inlined lines), `hub` (one caller of all), `deep` (recursion), `maps`
(overlapping mappings), `images`, `forks` (a process each), `threads`, `values` (label values),
`names` (command names), `events` (a hundredth as many), `branches` (LBR), `times` (a row per
sample), `lines` (folded text).
"""
import argparse
import math
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "conformance"), str(HERE.parent.parent / "testdata" / "gen")]
import perf_writer as pw  # noqa: E402
import pprofgen  # noqa: E402

STACK = pw.IP | pw.TID | pw.TIME | pw.PERIOD | pw.CALLCHAIN


class Bytes(pw.Capture):
    """A capture whose records are collected, not copied for each more."""

    def __init__(self, *events):
        super().__init__("<", events)
        self.records = []

    def record(self, type, body, misc=0):
        self.records.append(self.raw_record(type, body, misc))

    def save(self, path):
        self.data = b"".join(self.records)
        self.describe()
        path.write_bytes(self.file())


def pprof(path, n, functions, depth, hub=False, inlined=False, labels=False):
    rng = random.Random(n)
    p = pprofgen.Profile()
    p.sample_type("samples", "count")
    p.mapping(1, 0x400000, 0x400000 + functions * 16, 0, "/bin/prog", "ab" * 20, 7)
    for f in range(1, functions + 1):
        p.function(f, "ns%d::function%d(int)" % (f % 31, f), "", "/src/f%d.cc" % (f % 97), f)
        lines = [(f, f % 50 + 1)]
        if inlined:
            lines = [(rng.randrange(1, functions + 1), rng.randrange(1, 99))
                     for _ in range(rng.randrange(3))] + lines
        p.location(f, 1, 0x400000 + f * 16, lines)
    for i in range(n):
        stack = [1 + i % functions, 1] if hub else \
            [rng.randrange(1, functions + 1) for _ in range(depth)]
        p.sample(stack, [1 + i % 7], [("request", "r%d" % i)] if labels else [])
    p.save(str(path))


def base(capture, pid=10, name="prog"):
    capture.comm(pid, pid, name)
    capture.mmap2(pid, 0x400000, 0x100000, 0, "/bin/prog")


def captured(event=None):
    capture = Bytes(event or pw.Event("cpu-clock", STACK))
    base(capture)
    return capture


def chain(i):
    return [pw.CTX_USER, 0x400010 + i % 500 * 16, 0x400101 + i % 37 * 32, 0x400021]


def maps(path, n):
    c, rng = captured(), random.Random(1)
    for i in range(n):
        at = 0x7f0000000000 + rng.randrange(n) * 0x800
        c.mmap2(10, at, 0x3000, 0, "/lib/l%d.so" % (i % 200), 10 + i)
        c.sample(0, at + 0x10, 10, time=10 + i, chain=[pw.CTX_USER, at + 0x10, 0x400021])
    c.save(path)


def images(path, n):
    c = captured()
    for i in range(n // 5):
        at = 0x7f0000000000 + i * 0x2000
        c.mmap2(10, at, 0x1000, 0, "/gone/l%d.so" % i, 10 + i)
    for i in range(n):
        at = 0x7f0000000000 + i % (n // 5) * 0x2000 + 0x10
        c.sample(0, at, 10, time=n + i, chain=[pw.CTX_USER, at, 0x400021])
    c.save(path)


def forks(path, n):
    c = captured()
    for i in range(n):
        pid, at = 100 + i, 10 + 10 * i
        c.fork(pid, 10, pid, 10, at)
        c.comm(pid, pid, "tool%d" % (i % 50), at + 1, exec=True)
        c.mmap2(pid, 0x400000, 0x100000, 0, "/bin/tool%d" % (i % 50), at + 2)
        c.sample(0, 0x400010, pid, time=at + 3, chain=chain(i))
        c.exit(pid, pid, at + 4)
    c.save(path)


def threads(path, n):
    c = captured()
    for i in range(n):
        c.fork(10, 10, 100 + i, 10, 10 + 3 * i)
        c.comm(10, 100 + i, "t%d" % (i % 30), 11 + 3 * i)
        c.sample(0, 0x400010, 10, 100 + i, time=12 + 3 * i, chain=chain(i))
    c.save(path)


def names(path, n):
    c = captured()
    for i in range(n):
        c.comm(10, 10, "name%d" % i, 10 + 2 * i)
        c.sample(0, 0x400010, 10, time=11 + 2 * i, chain=chain(i))
    c.save(path)


def events(path, n):
    count = max(1, n // 100)
    c = Bytes(*(pw.Event("event%d" % i, STACK | pw.IDENTIFIER, ids=(1000 + i,))
                for i in range(count)))
    base(c)
    for i in range(n):
        c.sample(i % count, 0x400010, 10, time=10 + i, chain=chain(i))
    c.save(path)


def branches(path, n):
    c = captured(pw.Event("cycles", STACK | pw.BRANCH))
    for i in range(n):
        c.sample(0, 0x400010, 10, time=10 + i, chain=chain(i),
                 branches=[(0x400100 + (i * k) % 4096, 0x400200 + k) for k in range(16)])
    c.save(path)


def times(path, n):
    c = captured()
    for i in range(n):
        c.sample(0, 0x400010 + i % 7, 10, time=10 + i, chain=chain(i))
    c.save(path)


def lines(path, n):
    rng = random.Random(n)
    with open(path, "w") as f:
        for i in range(10 * n):
            f.write("main;a%d;b%d;c%d;leaf%d %d\n" % (
                i % 10, i % 100, i % 1000, rng.randrange(1 << 30), 1 + i % 9))


PPROF = [("cpreport", ["top"]), ("cpreport", ["tree"]), ("cpreport", ["traces"]),
         ("cpconv", ["--to", "dot"]), ("cpconv", ["--to", "callgrind"]), ("cpreport", ["peek", "."]),
         ("cpreport", ["graph", "--to", "json"]),
         ("cpconv", ["-o", "OUT.pb.gz"]), ("cpconv", ["--to", "folded"]),
         ("cpflame", ["-o", "OUT.svg"]), ("cpmerge", ["IN", "-o", "OUT.pb.gz"]),
         ("cpdiff", ["IN"]), ("cpinfo", [])]
PERF = [("cpconv", ["-o", "OUT.pb.gz"]), ("cpconv", ["--to", "folded"]), ("cpreport", ["top"]),
        ("cpflame", ["-o", "OUT.svg"]), ("cpinfo", [])]
SHAPES = {
    "dense": (lambda f, n: pprof(f, n, int(30 * n ** .5), 20, inlined=True), PPROF),
    "hub": (lambda f, n: pprof(f, n, n, 2, hub=True), PPROF),
    "deep": (lambda f, n: pprof(f, max(1, n // 1000), 3, 1000), PPROF),
    "values": (lambda f, n: pprof(f, n, 50, 4, labels=True),
               PPROF + [("cpreport", ["tags"]), ("cpreport", ["traces", "-tagroot", "request"])]),
    "maps": (maps, PERF), "images": (images, PERF), "forks": (forks, PERF),
    "threads": (threads, PERF), "names": (names, PERF), "events": (events, PERF),
    "branches": (branches, PERF),
    "times": (times, PERF + [("cpconv", ["--keep-time", "-o", "OUT.pb.gz"])]),
    "lines": (lines, PERF),
}


def cpu(argv, out):
    null = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
            (os.POSIX_SPAWN_OPEN, 2, out + ".err", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)]
    best = math.inf
    for _ in range(3):
        pid = os.posix_spawn(argv[0], argv, dict(os.environ, HOME=os.path.dirname(out)),
                             file_actions=null)
        _, status, usage = os.wait4(pid, 0)
        if os.waitstatus_to_exitcode(status) not in (0, 1):
            sys.exit(f"{' '.join(argv)}: status {os.waitstatus_to_exitcode(status)}\n"
                     + Path(out + ".err").read_text(errors="replace"))
        best = min(best, usage.ru_utime + usage.ru_stime)
        if best > 5:
            break
    return best


def instructions(argv, out):
    count = out + ".callgrind"
    subprocess.run(["valgrind", "-q", "--tool=callgrind", "--callgrind-out-file=" + count, *argv],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    for line in Path(count).read_text().splitlines():
        if line.startswith(("totals:", "summary:")):
            return int(line.split()[1]) / 1e6
    sys.exit("callgrind counted nothing")


def main():
    args = argparse.ArgumentParser()
    args.add_argument("tools")
    args.add_argument("--sizes", default="10000,30000,100000")
    args.add_argument("--only", default="")
    args.add_argument("--instructions", action="store_true")
    args = args.parse_args()
    sizes = [int(n) for n in args.sizes.split(",")]
    measure = instructions if args.instructions else cpu
    steep = 0
    print(f"{'':44}" + "".join(f"{n:>10}" for n in sizes) + "  exponent")
    with tempfile.TemporaryDirectory() as folder:
        for shape, (make, jobs) in SHAPES.items():
            files = []
            for n in sizes:
                files.append(Path(folder, f"{shape}{n}"))
                if any(args.only in f"{shape} {tool} {' '.join(words)}" for tool, words in jobs):
                    make(files[-1], n)
            for tool, words in jobs:
                name = f"{shape} {tool} {' '.join(words)}"
                if args.only not in name:
                    continue
                costs = []
                for file in files:
                    argv = [word.replace("OUT", os.path.join(folder, "out")).replace(
                        "IN", str(file)) for word in words]
                    if tool != "cpconv" and tool != "cpinfo":
                        argv.append("--no-symbolize")
                    costs.append(measure([os.path.join(args.tools, tool), *argv, str(file)],
                                         os.path.join(folder, "out")))
                exponent = math.log(max(costs[-1], 1e-3) / max(costs[-2], 1e-3)) / \
                    math.log(sizes[-1] / sizes[-2])
                steep += exponent > 1.1
                print(f"{name:44}" + "".join(f"{c:10.2f}" for c in costs) +
                      f"  {exponent:8.2f}" + ("  steep" if exponent > 1.1 else ""), flush=True)
            for file in files:
                file.unlink(missing_ok=True)
    print(f"{steep} rows above 1.1")


if __name__ == "__main__":
    main()
