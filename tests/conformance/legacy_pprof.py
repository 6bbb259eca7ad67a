#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""legacy_pprof.py CPCONV CPMERGE SHARED: legacy profiles read as pprof reads them.

Captures of others below SHARED have pprof's text beside them; those in testdata/legacy are
shown to `go tool pprof`, which merges what it reads, so cpmerge stands against it."""
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TESTDATA = Path(__file__).resolve().parent.parent.parent / "testdata" / "legacy"
# What pprof refuses or, for Java, prunes and gives a mapping before it prints.
NOT_BY_PPROF = {"good-go-threadcreate.txt", "good-jemalloc.heap", "good-symbolized-cpu.prof",
                "good-symbolized-jemalloc.heap", "good-java-heap.txt",
                "good-java-contention.txt", "good-go-dump.txt"}


def output(args, env=None):
    return subprocess.run(args, env=env, check=True, capture_output=True).stdout


def compare(name, want, got):
    if want == got:
        print("ok - " + name)
        return True
    with tempfile.TemporaryDirectory() as place:
        Path(place, "want").write_bytes(want)
        Path(place, "got").write_bytes(got)
        diff = subprocess.run(["diff", "-u", "want", "got"], cwd=place, capture_output=True)
    print("not ok - %s\n%s" % (name, diff.stdout.decode()[:3000]))
    return False


def main():
    cpconv, cpmerge, shared = sys.argv[1:]
    good, skipped = [], []
    strings = sorted(Path(shared, "pprof-legacy").glob("*.string"))
    if not strings:
        skipped.append("no captures in " + shared)
    for string in strings:
        got = output([cpconv, "-q", "--no-symbolize", string.with_suffix(""), "--to", "raw"])
        good.append(compare(string.stem, string.read_bytes(), got))
    if not shutil.which("go"):
        skipped.append("no go tool pprof to compare with")
    with tempfile.TemporaryDirectory() as place:
        env = dict(os.environ, HOME=place, PPROF_TMPDIR=place, TZ="UTC", GOCACHE=place + "/go")
        for path in sorted(TESTDATA.glob("good-*")) if shutil.which("go") else []:
            if path.name in NOT_BY_PPROF:
                continue
            want = output(["go", "tool", "pprof", "-symbolize=none", "-raw", path], env)
            got = output([cpmerge, "-q", "--no-symbolize", "--pprof-compat", path,
                          "--to", "raw"])
            good.append(compare(path.name, want, got))
    for why in skipped:
        print("SKIPPED: " + why, file=sys.stderr)
    sys.exit(1 if not all(good) else 77 if skipped else 0)


main()
