#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""merge_pprof.py CPMERGE: merges of random profiles equal those of `go tool pprof`.

Both sides are printed by pprof's own -raw. A second merge of the halves checks that any
grouping gives the same profile."""
import os
import shutil
import subprocess
import sys
import tempfile

import pprofgen

NANO = (("samples", "count"), ("cpu", "nanoseconds"))
CASES = {
    "plain": [dict(shift=i) for i in range(2)],
    "four": [dict(shift=i) for i in range(4)],
    "one type": [dict(shift=i, types=(("cpu", "nanoseconds"),)) for i in range(3)],
    "columns": [dict(shift=i, columns=True) for i in range(3)],
    "no labels": [dict(shift=i, labels=False, samples=400) for i in range(2)],
    "negative": [dict(shift=i, negative=True, samples=200) for i in range(3)],
    "types in another order": [dict(shift=0, types=NANO), dict(shift=1, types=NANO[::-1])],
    "a type that one lacks": [dict(shift=0, types=NANO + (("x", "y"),)), dict(shift=1, types=NANO)],
    "units": [dict(shift=0, types=(("samples", "count"), ("cpu", "milliseconds"))),
              dict(shift=1, types=NANO)],
}


def pprof(args, env):
    done = subprocess.run(["go", "tool", "pprof", "-symbolize=none", *args], env=env,
                          capture_output=True)
    if done.returncode:
        raise RuntimeError(done.stderr.decode())
    return done.stdout.decode()


def raw(path, env):
    return pprof(["-raw", *pprofgen.operands(path)], env)


def cpmerge(tool, inputs, output):
    subprocess.run([tool, "-q", "--no-symbolize", "--pprof-compat", *inputs, "-o", output],
                   check=True)


def canonical(text):
    """Sums by stack in terms of lines: grouping may change order and numbers."""
    head, _, tail = text.partition("Samples:\n")
    samples, _, tail = tail.partition("Locations\n")
    locations = {}
    for line in tail.partition("Mappings\n")[0].splitlines():
        if line[:7].strip():
            ident, _, rest = line.partition(":")
            locations[ident.strip()] = " ".join(w for w in rest.split() if w[:2] != "M=")
        else:
            locations[ident.strip()] += "|" + line.strip()
    rows, row = [], None
    for line in samples.splitlines()[1:]:
        values, colon, ids = line.partition(": ")
        if colon and not line.startswith("      "):
            row = [values.strip(), ";".join(locations[i] for i in ids.split())]
            rows.append(row)
        elif colon and values.strip().replace("-", "").replace(" ", "").isdigit():
            row = [values.strip(), ";".join(locations[i] for i in ids.split())]
            rows.append(row)
        else:
            row.append(line.strip())
    return sorted("\n".join(r) for r in rows)


def check(tool, name, options, env, place):
    inputs = []
    for i, option in enumerate(options):
        path = os.path.join(place, "%s-%d.pb.gz" % (name.replace(" ", "-"), i))
        pprofgen.random_profile(7, **option).save(path)
        inputs.append(path)
    if name == "negative":  # all of the first one is cancelled
        inputs.append(os.path.join(place, "minus.pb.gz"))
        subprocess.run([tool, "-q", "--no-symbolize", "--weight=-1:" + inputs[0],
                        "-o", inputs[-1]], check=True)
    theirs, ours = os.path.join(place, "theirs.pb.gz"), os.path.join(place, "ours.pb.gz")
    cpmerge(tool, inputs, ours)
    try:
        pprof(["-proto", "-output", theirs, *inputs], env)
    except RuntimeError as error:  # before 2022 pprof did not look for common types
        if "incompatible types" not in str(error) and "inconsistent" not in str(error):
            raise
        print("ok - %s # skip: this pprof does not merge them" % name)
        return True
    want, got = raw(theirs, env), raw(ours, env)
    if want != got:
        for path, text in (("want", want), ("got", got)):
            with open(os.path.join(place, path), "w") as f:
                f.write(text)
        diff = subprocess.run(["diff", "-u", "want", "got"], cwd=place, capture_output=True)
        print("not ok - %s\n%s" % (name, diff.stdout.decode()[:4000]))
        return False
    if len(inputs) > 2 and "units" not in name:
        left, right = os.path.join(place, "left.pb.gz"), os.path.join(place, "right.pb.gz")
        cpmerge(tool, inputs[1:], right)
        cpmerge(tool, [inputs[0], right], left)
        if canonical(raw(left, env)) != canonical(got):
            print("not ok - %s: a(bc) differs from (ab)c" % name)
            return False
    print("ok - " + name)
    return True


def main():
    if not shutil.which("go"):
        print("SKIPPED: no go tool pprof to compare with", file=sys.stderr)
        sys.exit(77)
    with tempfile.TemporaryDirectory() as place:
        env = dict(os.environ, HOME=place, PPROF_TMPDIR=place, TZ="UTC", GOCACHE=place + "/go")
        good = [check(sys.argv[1], name, options, env, place) for name, options in CASES.items()]
    sys.exit(not all(good))


main()
