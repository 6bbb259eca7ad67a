#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""profiles.py OUT [--samples N] [--locations N] [--depth N] [--seed N]: a large profile.

Stacks are walks through a call graph in which each location has a few successors, as
programs have, so that stacks share their roots and differ toward the leaves. Equal
arguments give equal bytes; other seeds give other stacks over the same code. Says on
stderr what it made, distinct stack-tree nodes included."""
import argparse
import gzip
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "conformance"))
import pprofgen  # noqa: E402

FANOUT = 4


def code(p, locations):
    rng = random.Random(1)
    functions = max(1, locations // 4)
    for m in range(8):
        p.mapping(m + 1, 0x400000 + m * 0x10000000, 0x400000 + m * 0x10000000 + 0x8000000, 0,
                  "/usr/lib/lib%d.so" % m, "%040x" % (m * 7919 + 1), 7)
    for f in range(functions):
        p.function(f + 1, "demo::module%d::Function%d(int, char const*)" % (f % 97, f),
                   "_ZN4demo%dFunction%dEiPKc" % (f % 97, f), "/src/module%d.cc" % (f % 97), f)
    for i in range(locations):
        lines = [(1 + rng.randrange(functions), rng.randrange(2000))]
        if rng.random() < .1:
            lines.append((1 + rng.randrange(functions), rng.randrange(2000)))
        p.location(i + 1, 1 + i % 8, 0x400000 + i % 8 * 0x10000000 + i * 16, lines)
    return [[rng.randrange(locations) for _ in range(FANOUT)] for _ in range(locations)]


def main():
    args = argparse.ArgumentParser()
    args.add_argument("out")
    for name, value in (("samples", 100000), ("locations", 20000), ("depth", 30), ("seed", 0)):
        args.add_argument("--" + name, type=int, default=value)
    args = args.parse_args()
    rng = random.Random(args.seed)
    p = pprofgen.Profile()
    p.sample_type("samples", "count")
    p.sample_type("cpu", "nanoseconds")
    following = code(p, args.locations)
    encoded = [pprofgen.varint(i + 1) for i in range(args.locations)]
    nodes, stacks = set(), set()
    roots = [rng.randrange(args.locations) for _ in range(8)]
    for _ in range(args.samples):
        at, path = roots[rng.randrange(8)], 0
        walk = []
        bits = rng.getrandbits(2 * args.depth)
        for level in range(args.depth):
            walk.append(at)
            path = hash((path, at))
            nodes.add(path)
            # The upper half hardly branches: most samples come down the same way.
            choice = bits & 3 if level > args.depth // 2 or not bits & 60 else 0
            at = following[at][choice]
            bits >>= 2
        stacks.add(path)
        n = rng.randrange(1, 50)
        body = pprofgen.blob(1, b"".join([encoded[i] for i in reversed(walk)]))
        body += pprofgen.packed(2, (n, n * 10000000))
        p.parts[2].append(pprofgen.blob(2, body))
    p.header(time=1700000000000000000, duration=60 * 10**9,
             period_type=("cpu", "nanoseconds"), period=10000000)
    with open(args.out, "wb") as f:
        f.write(gzip.compress(p.encode(), 6, mtime=0))
    print("%s: %d samples, %d locations, depth %d, %d distinct stacks, %d stack-tree nodes" % (
        args.out, args.samples, args.locations, args.depth, len(stacks), len(nodes)),
        file=sys.stderr)


main()
