#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Other profilers' formats: CPU time and memory, and what others take for the same file.

    formats.py CPCONV JSON-WALK

Files of 100 MB are made here: a speedscope file, a .cpuprofile, OTLP profiles, a profile of
100,000 samples to be written; of a recording that the JDK makes now, 50 MB. Peers: node's
JSON.parse, which is the first part only of what speedscope's import does, and jfr print.
Medians of three runs in turn; CPU seconds are user and system together.
"""
import json
import os
import random
import resource
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile

cpconv, json_walk = (os.path.abspath(a) for a in sys.argv[1:3])


def cpu(*argv):
    """CPU seconds and peak memory in MB, of a run that ends well."""
    pid = os.fork()
    if not pid:
        null = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd)
        os.execvp(argv[0], argv)
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise RuntimeError(f"{argv}: {status}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def row(what, *commands, bar=None):
    runs = [[cpu(*c) for c in commands] for _ in range(3)]
    mine, peer = ([statistics.median(r[i][0] for r in runs) for i in range(len(commands))]
                  + [None])[:2]
    memory = max(r[0][1] for r in runs)
    line = f"{what:44} {mine:6.2f} s {memory:6.0f} MB"
    if peer is not None:
        line += f"   peer {peer:6.2f} s, {mine / peer:5.2f} of it"
    print(line + (f"   ({bar})" if bar else ""), flush=True)


def speedscope(path, size):
    """Stacks of 32 frames of 4,000 functions, as samplers write them."""
    dice = random.Random(1)
    frames = [{"name": f"module{i % 90}.function_{i}", "file": f"/src/module{i % 90}.py",
               "line": i} for i in range(4000)]
    stacks = []
    for _ in range(20000):
        stacks.append(",".join(str(dice.randrange(4000)) for _ in range(32)))
    with open(path, "w", encoding="ascii") as f:
        f.write('{"$schema":"https://www.speedscope.app/file-format-schema.json","shared":'
                '{"frames":%s},"profiles":[{"type":"sampled","name":"a","unit":"microseconds",'
                '"startValue":0,"endValue":1,"samples":[' % json.dumps(frames))
        n = 0
        while f.tell() < size * 0.96:
            f.write(("," if n else "") + "[" + stacks[dice.randrange(20000)] + "]")
            n += 1
        f.write('],"weights":[%s]}]}' % ",".join(str(dice.randrange(1, 20000))
                                                   for _ in range(n)))


def cpuprofile(path, size):
    dice = random.Random(2)
    nodes, children = [], [[] for _ in range(5000)]
    for i in range(1, 5000):
        children[dice.randrange(max(0, i - 60), i)].append(i + 1)
    for i in range(5000):
        nodes.append({"id": i + 1, "callFrame": {
            "functionName": "(root)" if not i else f"function{i}", "scriptId": "7",
            "url": f"file:///src/{i % 200}.js", "lineNumber": i, "columnNumber": 4},
            "hitCount": 1, "children": children[i]})
    n = int(size / 9.5)
    with open(path, "w", encoding="ascii") as f:
        f.write('{"nodes":%s,"startTime":1,"endTime":%d,"samples":[' % (json.dumps(nodes),
                                                                        n * 150))
        f.write(",".join(str(dice.randrange(2, 5001)) for _ in range(n)))
        f.write('],"timeDeltas":[')
        f.write(",".join(str(dice.randrange(90, 200)) for _ in range(n)))
        f.write("]}")


def varint(x):
    out = bytearray()
    while x > 127:
        out.append(x & 127 | 128)
        x >>= 7
    out.append(x)
    return bytes(out)


def field(number, body):
    return varint(number << 3 | 2) + varint(len(body)) + body


def number(n, x):
    return varint(n << 3) + varint(x)


def otlp(path, size):
    """Half of the bytes are stacks of 24 locations, half samples with a time each."""
    dice = random.Random(3)
    strings = ["", "samples", "count", "cpu", "nanoseconds"] + [f"function{i}"
                                                                for i in range(20000)]
    d = b"".join(field(5, s.encode()) for s in strings)
    d += field(1, b"") + field(2, b"") + field(3, b"") + field(4, b"") + field(6, b"")
    d += field(1, number(1, 1 << 22) + number(2, 1 << 24))
    parts = [d]
    for i in range(20000):
        parts.append(field(3, number(1, 5 + i)))
        parts.append(field(2, number(1, 1) + number(2, (1 << 22) + 16 * i)
                           + field(3, number(1, i + 1) + number(2, i))))
    parts.append(field(7, b""))
    stacks, bytes_, frames = 0, sum(map(len, parts)), [1] * 24
    while bytes_ < size * 0.5: # each differs from the one before near its leaf
        for i in range(dice.randrange(1, 7)):
            frames[i] = dice.randrange(1, 20001)
        parts.append(field(7, field(1, b"".join(map(varint, frames)))))
        bytes_ += len(parts[-1])
        stacks += 1
    samples, n, at = [], 0, 1700000000000000000
    while n < size * 0.5:
        at += dice.randrange(1000, 100000)
        row = 1 + int(stacks * dice.random() ** 3) # some are much hotter than others
        samples.append(field(2, number(1, row) + field(4, b"\1")
                             + field(5, struct.pack("<Q", at))))
        n += len(samples[-1])
    profile = field(1, number(1, 1) + number(2, 2)) + b"".join(samples)
    with open(path, "wb") as f:
        f.write(field(1, field(2, field(2, profile))) + field(2, b"".join(parts)))


def hundred_thousand(path):
    """100,000 different stacks of 30 frames, as a tree has them: what is written."""
    dice, stack = random.Random(4), ["main"] * 30
    with open(path, "w", encoding="ascii") as f:
        for i in range(100000):
            for k in range(dice.randrange(24, 30), 30):
                stack[k] = f"function_{dice.randrange(3000)}"
            if not i % 50:
                stack[5:] = [f"function_{dice.randrange(3000)}" for _ in range(25)]
            f.write(f"{';'.join(stack)} {i % 97 + 1}\n")


JAVA = """
public class B {
    static double f(int n, int d) { if (d > 0) return f(n, d - 1); double s = 0;
        for (int i = 0; i < n; i++) s += Math.sqrt(i); return s; }
    public static void main(String[] a) throws Exception {
        for (int t = 0; t < 4; t++)
            new Thread(() -> { for (int i = 0; i < 400; i++) f(200000, i % 50); }).start();
    }
}
"""


def jfr(tmp, size):
    with open(f"{tmp}/B.java", "w", encoding="ascii") as f:
        f.write(JAVA)
    start = f"-XX:StartFlightRecording=filename={tmp}/one.jfr,settings=profile"
    for argv in (["javac", "-d", tmp, f"{tmp}/B.java"], ["java", start, "-cp", tmp, "B"]):
        subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with open(f"{tmp}/one.jfr", "rb") as f:
        one = f.read()
    with open(f"{tmp}/many.jfr", "wb") as f: # chunks may follow each other
        for _ in range(size // len(one) + 1):
            f.write(one)
    return f"{tmp}/many.jfr"


def parse(path):
    return ("node", "--max-old-space-size=4096", "-e",
            "JSON.parse(require('fs').readFileSync(process.argv[1],'latin1'))", path)


def main():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    node = shutil.which("node")
    if not node:
        print("SKIPPED: no node here, which is what JSON is compared with")
    with tempfile.TemporaryDirectory() as tmp:
        for name, make, ending in (("speedscope", speedscope, ".speedscope.json"),
                                   (".cpuprofile", cpuprofile, ".cpuprofile")):
            path = f"{tmp}/in{ending}"
            make(path, 100_000_000)
            row(f"{name}, 100 MB, to pprof", (cpconv, path, "-o", f"{tmp}/o.pb.gz", "-q"),
                *([parse(path)] if node else []), bar="1/4 of the import, 150 MB")
            row(f"{name}: every value read as JSON", (json_walk, path), bar="0.4 s")
        otlp(f"{tmp}/in.otlp", 100_000_000)
        row("OTLP, 100 MB, to pprof", (cpconv, f"{tmp}/in.otlp", "-o", f"{tmp}/o.pb.gz", "-q"),
            bar="0.4 s to read")
        row("OTLP, 100 MB, to a summary", (cpconv, f"{tmp}/in.otlp", "--to", "markdown", "-o",
                                              f"{tmp}/o.md", "-q"), bar="0.4 s to read")
        hundred_thousand(f"{tmp}/in.folded")
        subprocess.run([cpconv, f"{tmp}/in.folded", "-o", f"{tmp}/in.pb.gz"], check=True)
        base = statistics.median(cpu(cpconv, f"{tmp}/in.pb.gz", "--to", "ndjson", "--focus",
                                     "nothing", "-o", f"{tmp}/none.ndjson", "-q")[0]
                                 for _ in range(3))
        print(f"reading the pprof of 100,000 samples alone {base:22.2f} s")
        for to, name in (("firefox", "o.json"), ("speedscope", "o.speedscope.json")):
            row(f"100,000 samples, pprof to {to}",
                (cpconv, f"{tmp}/in.pb.gz", "--to", to, "-o", f"{tmp}/{name}", "-q"),
                bar="0.3 s above reading")
        if not shutil.which("jfr") or not shutil.which("javac"):
            print("SKIPPED: no JDK here: recordings are not measured")
            return
        path = jfr(tmp, 50_000_000)
        row("JFR, 50 MB, to pprof", (cpconv, path, "-o", f"{tmp}/o.pb.gz", "-q"),
            ("jfr", "print", "--events", "jdk.ExecutionSample", path), bar="1/5")


main()
