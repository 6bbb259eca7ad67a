#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""fleet.py CPMERGE: 2,000 profiles of 147 MB together into one: as files, as a tar archive, as a
delimited stream, with one thread and with all; processor seconds and peak memory. `go tool pprof
-proto` beside it, where Go is."""
import gzip
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

INPUTS, BASES, BYTES = 2000, 20, 147_000_000
CPMERGE = sys.argv[1]


def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def measured(args, stdin=None, env=None):
    """(processor seconds, peak MiB)"""
    pid = os.fork()
    if not pid:
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(os.open(stdin, os.O_RDONLY) if stdin else null, 0)
        os.dup2(null, 1)
        os.dup2(null, 2)
        os.execvpe(args[0], list(map(str, args)), env or os.environ)
    _, status, usage = os.wait4(pid, 0)
    if status:
        sys.exit("failed: %s" % " ".join(map(str, args[:4])))
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def base(folder, seed):
    """A program's profile: the same functions in all, stacks that half of them share."""
    dice, lines = random.Random(seed), []
    common = random.Random(0)
    for i in range(2400):
        of = common if i % 2 else dice
        stack = [of.randrange(400) for _ in range(of.randrange(8, 25))]
        lines.append(";".join("function_%d" % f for f in stack) + " %d" % dice.randrange(1, 99))
    text = folder / "base.folded"
    text.write_text("\n".join(lines))
    made = subprocess.run([CPMERGE, text, "--to", "pprof", "--level", "0"], capture_output=True,
                          check=True).stdout
    return made


def make(folder):
    """Each differs from its base by one more sample, in a gzip member of its own."""
    dice, names = random.Random(9), []
    bases = [base(folder, seed) for seed in range(1, BASES + 1)]
    packed = [gzip.compress(b, 6, mtime=0) for b in bases]
    for i in range(INPUTS):
        sample = b"\x0a\x01\x01" + b"\x12" + varint(len(varint(i + 1))) + varint(i + 1)
        more = b"\x12" + varint(len(sample)) + sample
        path = folder / f"host-{i:04}.pb.gz"
        path.write_bytes(packed[i % BASES] + gzip.compress(more, 1, mtime=0))
        names.append(path)
    return names


def main():
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        names = make(folder)
        size = sum(p.stat().st_size for p in names)
        print("%d profiles, %.0f MB" % (len(names), size / 1e6))
        listed, out = folder / "list", folder / "out.pb.gz"
        listed.write_bytes(b"\0".join(bytes(p) for p in names))
        stream = folder / "stream"
        with stream.open("wb") as f:
            for p in names:
                f.write(varint(p.stat().st_size) + p.read_bytes())
        archive = folder / "all.tar"
        subprocess.run(["tar", "-cf", archive, "-C", folder, "--null", "-T", "-"], check=True,
                       input=b"\0".join(p.name.encode() for p in names))
        same = set()
        for what, args in (("files", ["-0", "--files-from", listed]),
                           ("files, one thread", ["-0", "--files-from", listed, "--threads", "1"]),
                           ("tar archive", [archive]), ("delimited", ["--delimited", stream]),
                           ("files, canonical", ["-0", "--files-from", listed, "--canonical"])):
            print("%-20s %6.2f s %6.0f MiB" % (
                what, *measured([CPMERGE, *args, "--no-symbolize", "-o", out])), flush=True)
            if "canonical" not in what:
                same.add(out.read_bytes())
        if len(same) != 1:
            sys.exit("not the same bytes")
        if shutil.which("go"):
            env = dict(os.environ, HOME=place, PPROF_TMPDIR=place)
            print("%-20s %6.2f s %6.0f MiB" % ("go tool pprof -proto", *measured(
                ["go", "tool", "pprof", "-symbolize=none", "-proto", "-output", out, *names],
                env=env)))


main()
