# SPDX-License-Identifier: Apache-2.0
"""cpreport against `go tool pprof`: the same rows, values, percentages and order.

Lines about the profile above a table are left out: libcp prints UTC and does not repeat a
capture's own comments. Profiles are random (weights are powers of two times an odd number, so
sums hardly ever tie), those of testdata, and those of ../shared/data when it is there."""
import glob
import os
import shutil
import subprocess
import sys
import tempfile

import pprofgen

# What pprof is asked, and what cpreport is asked where it spells differently.
CASES = [
    ["-top"], ["-top", "-cum"], ["-top", "-lines"], ["-top", "-files"], ["-top", "-addresses"],
    ["-top", "-filefunctions"], ["-top", "-noinlines"], ["-top", "-nodecount=5"],
    ["-top", "-nodefraction=0.1"], ["-top", "-unit=ms"], ["-top", "-divide_by=3"],
    ["-top", "-relative_percentages", "-focus=f1"], ["-top", "-focus=f1"], ["-top", "-ignore=f2"],
    ["-top", "-hide=f3"], ["-top", "-show=f[1-4]"], ["-top", "-show_from=f1"],
    ["-top", "-prune_from=f2"], ["-top", "-sample_index=0"], ["-top", "-mean"],
    ["-top", "-tagfocus=v1"], ["-top", "-tagignore=v1"], ["-top", "-tagroot=key"],
    ["-top", "-tagleaf=key"], ["-top", "-trim=false"], ["-top", "-cum", "-lines", "-focus=f"],
    ["-tree"], ["-tree", "-cum"], ["-tree", "-nodecount=8"], ["-tree", "-edgefraction=0.05"],
    ["-tree", "-lines"], ["-tree", "-noinlines"], ["-peek=f1"], ["-peek=."],
    ["-peek=f2", "-lines"], ["-traces"], ["-traces", "-focus=f1"], ["-tags"],
    ["-tags", "-unit=s"], ["-comments"],
]


def rows(text):
    lines = text.splitlines()
    for i, line in enumerate(lines):
        if line.startswith(("Showing nodes", "-----------+---")):
            # Dropped counts and totals are part of what is compared.
            return lines[i:]
    return lines


def run(command):
    env = dict(os.environ, TZ="UTC", PPROF_TMPDIR=tempfile.gettempdir(), LC_ALL="C")
    return subprocess.run(command, env=env, capture_output=True, text=True,
                          errors="surrogateescape")


def compare(cpreport, path, case):
    theirs = run(["go", "tool", "pprof", "-symbolize=none", *case, *pprofgen.operands(path)])
    ours = run([cpreport, "--no-symbolize", *pprofgen.columns(case), *case, path])
    if theirs.returncode:
        return ours.returncode != 0, "pprof refuses it, cpreport does not"
    a, b = rows(theirs.stdout), rows(ours.stdout)
    if a == b:
        return True, ""
    for x, y in zip(a + [""], b + [""]):
        if x != y:
            return False, f"pprof: {x!r}\n    ours:  {y!r} {ours.stderr.strip()[:100]}"
    return False, "lengths differ"


def main():
    cpreport, root = sys.argv[1:3]
    if not shutil.which("go"):
        print("SKIPPED: no `go tool pprof` here")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for seed in range(4):
            path = os.path.join(folder, f"random{seed}.pb.gz")
            pprofgen.random_profile(seed).save(path)
            paths.append(path)
        paths += sorted(glob.glob(os.path.join(root, "testdata/pprof/good-*.pb.gz")))
        shared = os.path.join(root, "../shared/data/pprof")
        paths += sorted(glob.glob(os.path.join(shared, "*.pb.gz")))
        if not os.path.isdir(shared):
            print("note: ../shared/data is not here; its files are not compared")
        bad = total = 0
        for path in paths:
            for case in CASES:
                # Two profiles in one file: pprof merges their comments, cpreport shows them.
                if "two-members" in path and case == ["-comments"]:
                    continue
                total += 1
                fine, why = compare(cpreport, path, case)
                if not fine:
                    bad += 1
                    print(f"{os.path.basename(path)} {' '.join(case)}\n    {why}")
    print(f"{total} reports compared, {bad} differ")
    return bad > 0


sys.exit(main())
