#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""run.py TOOLS: cpmerge as the combiner of engines: whatever the tree, the bytes of one cpmerge.

pipe      the contract of Spark's RDD.pipe and Hadoop streaming: a program per partition reads a
          delimited stream to its end and writes one; workers that die are noticed
parallel  GNU parallel: shards as jobs, then a reduction; skipped where it is absent
"""
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

tools = Path(sys.argv[1]).resolve()
CPMERGE = str(tools / "cpmerge")
PROFILES, PARTITIONS = 60, 7
bad = []


def cpmerge(*args, stdin=b"", ok=(0,)):
    done = subprocess.run([CPMERGE, *map(str, args)], input=stdin, capture_output=True, timeout=120)
    if done.returncode not in ok:
        bad.append(f"cpmerge {args}: {done.returncode} {done.stderr.decode()}")
    return done.stdout


def framed(message):
    """As protobuf's writeDelimitedTo."""
    n, out = len(message), b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n]) + message


def messages(stream):
    """As parseDelimitedFrom, to the end; a rest that is no message is an error."""
    found, at = [], 0
    while at < len(stream):
        n = shift = 0
        while True:
            byte = stream[at]
            n |= (byte & 127) << shift
            shift += 7
            at += 1
            if byte < 128:
                break
        if at + n > len(stream):
            raise ValueError("cut")
        found.append(stream[at:at + n])
        at += n
    return found


def make(folder):
    dice = random.Random(20)
    files = []
    for i in range(PROFILES):
        lines = "".join("%s %d\n" % (";".join(
            "f%d" % dice.randrange(9) for _ in range(dice.randrange(1, 7))), dice.randrange(1, 99))
            for _ in range(40))
        path = folder / f"{i:02}.folded"
        path.write_text(lines)
        files.append(path)
    return files


def expect(what, got, want):
    print("ok" if got == want else "not ok", "-", what)
    if got != want:
        bad.append(what)


def pipe(folder, files, want):
    """Partitions of any sizes, an empty one among them, through two levels of pipes."""
    parts = [[] for _ in range(PARTITIONS)]
    for i, path in enumerate(files):
        parts[min(i * i // 500, PARTITIONS - 2)].append(path.read_bytes())
    level = [cpmerge("--delimited", stdin=b"".join(map(framed, part))) for part in parts]
    expect("an empty partition gives an empty stream", level[-1], b"")
    expect("a partition gives one message", [len(messages(x)) for x in level[:-1]],
           [1] * (PARTITIONS - 1))
    level = [cpmerge("--delimited", stdin=b"".join(level[i:i + 3]))
             for i in range(0, PARTITIONS, 3)]
    out = folder / "pipe.pb"
    cpmerge("--delimited", "-o", out, stdin=b"".join(level))
    expect("pipe: a tree over partitions is one cpmerge", out.read_bytes(), want["ordered"])
    shuffled = [cpmerge("--delimited", "--canonical", stdin=b"".join(map(framed, part)))
                for part in random.Random(1).sample(parts, len(parts))]
    cpmerge("--delimited", "--canonical", "-o", out, stdin=b"".join(shuffled))
    expect("pipe: canonical, partitions in any order", out.read_bytes(), want["canonical"])


def dying(folder, files):
    """A worker dies within its answer; a task runs twice; the reduction says both."""
    answers = [cpmerge("--delimited=out", path) for path in files[:5]]
    stream = b"".join(answers[:4] + [answers[1], answers[4][:-9]])
    list_file, out = folder / "skipped.json", folder / "rest.pb"
    cpmerge("--delimited", "-o", out, stdin=stream, ok=(3,))
    expect("a dead worker ends a strict reduction", out.exists(), False)
    cpmerge("--delimited", "--duplicates", "skip", "--skipped", list_file, "-o", out, stdin=stream)
    expect("and is counted in another", [w in list_file.read_text() for w in
                                         ('"truncated": 1', '"duplicate": 1')], [True, True])
    alone = folder / "four.pb"
    cpmerge(*files[:4], "-o", alone)
    same = [subprocess.run([tools / "cpconv", p, "--to", "folded"], capture_output=True).stdout
            for p in (out, alone)]
    expect("what is left is the merge of the others", same[0], same[1])


def parallel(folder, files, want):
    # moreutils has a program of that name, too.
    if not shutil.which("parallel") or b"GNU" not in subprocess.run(
            ["parallel", "--version"], capture_output=True).stdout:
        print("ok - parallel # SKIP GNU parallel is absent")
        return
    names = "\0".join(map(str, files)).encode()
    shards = subprocess.run(
        ["parallel", "--will-cite", "--null", "--keep-order", "-j2", "-n", "9",
         CPMERGE, "--delimited=out"], input=names, capture_output=True, timeout=120)
    if shards.returncode:
        bad.append(shards.stderr.decode())
    out = folder / "parallel.pb"
    cpmerge("--delimited", "-o", out, stdin=shards.stdout)
    expect("parallel: shards and a reduction are one cpmerge", out.read_bytes(), want["ordered"])


def main():
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        files, want = make(folder), {}
        for name, options in (("ordered", []), ("canonical", ["--canonical"])):
            cpmerge(*options, *files, "-o", folder / "want.pb")
            want[name] = (folder / "want.pb").read_bytes()
        pipe(folder, files, want)
        dying(folder, files)
        parallel(folder, files, want)
    print("\n".join(bad))
    return bool(bad)


sys.exit(main())
