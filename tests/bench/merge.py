#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""merge.py CPMERGE CPCONV: merging ten distinct profiles, and filtering one, against
`go tool pprof` in the same run. Prints processor seconds, peak memory and ratios; the
floor is to inflate the inputs and deflate the output and nothing else."""
import gzip
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
INPUTS = 10


def measured(args, env=None):
    """(processor seconds, peak MiB)"""
    pid = os.fork()
    if not pid:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        os.execvpe(args[0], args, env or os.environ)
    _, status, usage = os.wait4(pid, 0)
    if status:
        sys.exit("failed: %s" % " ".join(map(str, args)))
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def row(name, ours, theirs):
    line = "%-28s %6.2f s %7.0f MiB" % (name, *ours)
    if theirs:
        line += "   pprof %6.2f s %7.0f MiB   1/%.1f of the time, 1/%.1f of the memory" % (
            *theirs, theirs[0] / ours[0], theirs[1] / ours[1])
    print(line)


def floor(inputs, output):
    start = time.process_time()
    for path in inputs:
        gzip.decompress(path.read_bytes())
    gzip.compress(gzip.decompress(output.read_bytes()), 6)
    return time.process_time() - start


def main():
    cpmerge, cpconv = sys.argv[1:]
    go = shutil.which("go")
    with tempfile.TemporaryDirectory() as place:
        env = dict(os.environ, HOME=place, PPROF_TMPDIR=place, GOCACHE=place + "/go")
        inputs = [Path(place, "%d.pb.gz" % i) for i in range(INPUTS)]
        for i, path in enumerate(inputs):
            subprocess.run([sys.executable, HERE / "profiles.py", path, "--seed", str(i)],
                           check=True, stderr=None if not i else subprocess.DEVNULL)
        ours, theirs = Path(place, "ours.pb.gz"), Path(place, "theirs.pb.gz")
        pprof = ["go", "tool", "pprof", "-symbolize=none", "-proto", "-output", theirs]
        row("merge of ten", measured([cpmerge, "--no-symbolize", *inputs, "-o", ours]),
            measured([*pprof, *inputs], env) if go else None)
        print("%-28s %6.2f s" % ("floor (zlib)", floor(inputs, ours)))
        if go:
            print("compressed size %.3f of gzip -6" % (
                ours.stat().st_size / theirs.stat().st_size))
        for name, args in (("copy", []), ("focus, hide", ["--focus=Function1", "--hide=module3"]),
                           ("functions", ["--granularity=functions"])):
            theirs_args = [a.replace("--granularity=", "-") for a in args]
            row(name, measured([cpconv, "--no-symbolize", inputs[0], *args, "-o", ours]),
                measured([*pprof, *theirs_args, inputs[0]], env)
                if go and name != "functions" else None)


main()
