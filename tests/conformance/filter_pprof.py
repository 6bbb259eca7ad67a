#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""filter_pprof.py CPCONV: filtered random profiles equal those of `go tool pprof`.

Both results are printed by pprof's -raw, which first merges equal rows."""
import os
import shutil
import subprocess
import sys
import tempfile

import pprofgen

CASES = [
    ["-focus=run"], ["-focus=^main1"], ["-focus=liby"], ["-focus=[ab]\\.c"], ["-focus=λ"],
    ["-focus=nothing at all"], ["-ignore=free|alloc"], ["-ignore=vdso"],
    ["-focus=Work", "-ignore=libx"], ["-hide=run"], ["-hide=libx|main"], ["-show=run|Work"],
    ["-show=/bin/app"], ["-hide=free", "-show=a\\.c|b\\.c|c\\.c"], ["-show_from=Work"],
    ["-show_from=libx"], ["-prune_from=^run"], ["-prune_from=operator"],
    ["-prune_from=namespace\\)::f$"], ["-focus=run", "-hide=main", "-show_from=free|alloc"],
    ["-tagfocus=comm=sh"], ["-tagfocus=^comm:sh$"], ["-tagfocus=sh,v1"], ["-tagfocus=k=v2,v9"],
    ["-tagfocus=bytes=16b"], ["-tagfocus=1kb:"], ["-tagfocus=:16b"], ["-tagfocus=8b:1mb"],
    ["-tagfocus=bytes=16"], ["-tagignore=comm=bash"], ["-tagignore=16:4096"],
    ["-tagshow=comm"], ["-taghide=^b"], ["-tagshow=o|y", "-taghide=k"],
    ["-tagroot=comm"], ["-tagroot=comm,k"], ["-tagleaf=bytes"], ["-tagroot=k", "-tagleaf=comm"],
    ["-tagroot=comm,bytes", "-focus=bash"], ["-tagleaf=k", "-hide=v1", "-ignore=é"],
]


def pprof(args, env):
    done = subprocess.run(["go", "tool", "pprof", "-symbolize=none", *args], env=env,
                          capture_output=True)
    if done.returncode:
        raise RuntimeError(done.stderr.decode())
    return done.stdout


def check(cpconv, path, options, env, place):
    theirs, ours = os.path.join(place, "theirs.pb.gz"), os.path.join(place, "ours.pb.gz")
    pprof([*options, "-proto", "-output", theirs, *pprofgen.operands(path)], env)
    subprocess.run([cpconv, "-q", "--no-symbolize", *options, path, "-o", ours], check=True)
    want, got = (pprof(["-raw", *pprofgen.operands(p)], env) for p in (theirs, ours))
    if want == got:
        return True
    with open(os.path.join(place, "want"), "wb") as f:
        f.write(want)
    with open(os.path.join(place, "got"), "wb") as f:
        f.write(got)
    diff = subprocess.run(["diff", "-u", "want", "got"], cwd=place, capture_output=True)
    print("not ok - %s\n%s" % (" ".join(options), diff.stdout.decode()[:3000]))
    return False


def main():
    if not shutil.which("go"):
        print("SKIPPED: no go tool pprof to compare with", file=sys.stderr)
        sys.exit(77)
    with tempfile.TemporaryDirectory() as place:
        env = dict(os.environ, HOME=place, PPROF_TMPDIR=place, TZ="UTC", GOCACHE=place + "/go")
        good = []
        for seed in (3, 11):
            path = os.path.join(place, "%d.pb.gz" % seed)
            pprofgen.random_profile(seed, samples=80).save(path)
            good += [check(sys.argv[1], path, options, env, place) for options in CASES]
    print("%d of %d alike" % (sum(good), len(good)))
    sys.exit(not all(good))


main()
