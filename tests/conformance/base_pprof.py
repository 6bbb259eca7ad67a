#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""base_pprof.py CPDIFF: cpdiff --base-compat writes the profiles of `go tool pprof -base`
and -diff_base, with and without -normalize."""
import os
import shutil
import subprocess
import sys
import tempfile

import pprofgen


def run(args, env):
    return subprocess.run(args, env=env, check=True, capture_output=True).stdout


def check(cpdiff, before, after, how, normalize, env, place):
    pprof = ["go", "tool", "pprof", "-symbolize=none"]
    theirs, ours = os.path.join(place, "theirs.pb.gz"), os.path.join(place, "ours.pb.gz")
    flag = {"subtract": "-base=", "diff-base": "-diff_base="}[how] + before
    run([*pprof, *normalize, flag, "-proto", "-output", theirs, after], env)
    run([cpdiff, "-q", "--no-symbolize", "--base-compat", how, *normalize, before, after,
         "-o", ours], env)
    want, got = (run([*pprof, "-raw", *pprofgen.operands(p)], env) for p in (theirs, ours))
    print("%s - %s %s" % ("ok" if want == got else "not ok", how, " ".join(normalize)))
    if want != got:
        for name, text in (("want", want), ("got", got)):
            with open(os.path.join(place, name), "wb") as f:
                f.write(text)
        print(subprocess.run(["diff", "-u", "want", "got"], cwd=place,
                             capture_output=True).stdout.decode()[:3000])
    return want == got


def main():
    if not shutil.which("go"):
        print("SKIPPED: no go tool pprof to compare with", file=sys.stderr)
        sys.exit(77)
    with tempfile.TemporaryDirectory() as place:
        env = dict(os.environ, HOME=place, PPROF_TMPDIR=place, TZ="UTC", GOCACHE=place + "/go")
        path = [os.path.join(place, "%d.pb.gz" % i) for i in range(2)]
        for shift in range(2):
            random = path[shift] + ".random"
            pprofgen.random_profile(7, shift=shift, samples=100 + 300 * shift).save(random)
            # Equal samples are made one before anything is scaled and rounded.
            run(["go", "tool", "pprof", "-symbolize=none", "-proto", "-output", path[shift],
                 *pprofgen.operands(random)], env)
        good = [check(sys.argv[1], *path, how, normalize, env, place)
                for how in ("subtract", "diff-base") for normalize in ([], ["-normalize"])]
    sys.exit(not all(good))


main()
